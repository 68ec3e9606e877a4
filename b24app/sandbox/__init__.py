"""A toy Bitrix24 portal over real HTTP, strict and odd as the real one. Shares no code with the app."""
