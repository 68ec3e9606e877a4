"""Every REST method the app calls: what tests hold against the documentation, one witness each."""

from b24app.bitrix24 import acting, methods, registering

METHODS = methods.METHODS | registering.METHODS | acting.METHODS
