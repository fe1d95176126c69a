"""Credentials: when to look at them, and what is said of them."""

from actors.messages.message import Message


class CredentialsChanged(Message, frozen=True, gc=False):
    """Somebody entered or forgot one: read them again. The answer is what is in force, by provider, without secrets."""


class CredentialsWanted(Message, frozen=True, gc=False):
    """What is in force, by provider, without secrets?"""


class LookAtCredentials(Message, frozen=True, gc=False):
    """See what was dropped, what ends, and what is to be renewed."""


class CredentialRefused(Message, frozen=True, gc=False):
    """The provider does not take the newest credential, while connections made with the one before go on."""

    provider: str
