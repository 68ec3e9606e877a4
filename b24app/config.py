"""Settings: every environment variable with its type, unit and default. Read by bootstrap alone."""

from pathlib import Path

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

SECRET_BYTES = 32
DATABASES = ("postgresql", "postgres")


class SettingsMistake(Exception):
    """A setting is missing or unsafe; the text names the variable and says what to do."""


class Settings(BaseSettings):
    """The environment of one installation. Names are fixed: deployments rely on them."""

    model_config = SettingsConfigDict(env_prefix="B24APP_", extra="ignore")

    base_url: str = "http://127.0.0.1:8000"
    """Where portals reach the app; handler URLs are built from it."""
    client_id: str = ""
    client_secret: SecretStr = SecretStr("")
    oauth_url: str = "https://oauth.bitrix.info/"
    """Base of the authorization server; the token endpoint is ``oauth/token/`` below it."""
    database_url: str | None = None
    """``postgresql://…``; unset means the embedded PostgreSQL in the data folder."""
    data_dir: Path = Path("var")
    secret_key: SecretStr = SecretStr("")
    """Master secret: encrypts tokens and signs pages. Losing it means installing again."""
    secret_key_previous: SecretStr = SecretStr("")
    """The secret before the last rotation, kept until everything is sealed anew."""
    allow_insecure_http: bool = False
    """Lets portals be http and on loopback: demo and tests only."""
    bx24_js_url: str = "https://api.bitrix24.com/api/v1/"
    log_level: str = Field(default="INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$")

    @field_validator("base_url", "oauth_url")
    @classmethod
    def _must_be_a_web_address(cls, value: str) -> str:
        if not value.startswith(("https://", "http://")):
            raise ValueError("must begin with https:// (or http:// for a local test)")
        return value.rstrip("/") + "/"

    @field_validator("bx24_js_url")
    @classmethod
    def _must_be_a_script(cls, value: str) -> str:
        if not value.startswith(("https://", "http://")):
            raise ValueError("must begin with https://: the page's policy names its host")
        return value

    def problems(self) -> list[str]:
        """Return what makes this installation unable or unsafe to run, a sentence each."""
        found = []
        if len(self.secret_key.get_secret_value().encode()) < SECRET_BYTES:
            found.append(
                f"B24APP_SECRET_KEY must have {SECRET_BYTES} bytes or more. "
                "Make one with: python3 -c 'import secrets; print(secrets.token_urlsafe(48))'"
            )
        if not self.client_id or not self.client_secret.get_secret_value():
            found.append(
                "B24APP_CLIENT_ID and B24APP_CLIENT_SECRET are missing: "
                "copy them from the app's card in Bitrix24."
            )
        if self.database_url and self.database_url.split(":")[0].split("+")[0] not in DATABASES:
            found.append("B24APP_DATABASE_URL must begin with postgresql://; unset it for the embedded one.")
        if self.allow_insecure_http:
            return found
        if not self.base_url.startswith("https://"):
            found.append("B24APP_BASE_URL must begin with https://: portals open the app in a secure frame.")
        if not self.oauth_url.startswith("https://"):
            found.append("B24APP_OAUTH_URL must begin with https://: client_secret is sent there.")
        return found


def read_environment() -> Settings:
    """Read the environment, whether or not a server could run with it. Raises SettingsMistake."""
    try:
        return Settings()
    except ValidationError as error:
        lines = [f"B24APP_{str(item['loc'][0]).upper()}: {item['msg']}" for item in error.errors()]
        raise SettingsMistake("\n".join(lines)) from error


def read_settings() -> Settings:
    """Read the environment; raises SettingsMistake with every problem, one a line."""
    settings = read_environment()
    problems = settings.problems()
    if problems:
        raise SettingsMistake("\n".join(problems))
    return settings
