"""What can go wrong with an account, in words for its owner.

AccountError
├── EmailError             this is no email address
├── EmailTakenError        it has an account already
├── RegistrationClosedError  the administrator makes accounts here
├── PasswordError          it can not be chosen
├── NoPasswordError        there is none to be changed
├── WrongPasswordError     it is not the one that is to be changed
├── CredentialsError       email and password do not belong together; which of them is wrong is not told
├── SessionOverError       sign in again
├── IdentityError          the provider's token of who somebody is can not be believed
├── ProviderSilentError    the provider of identities does not answer as it should
└── PasswordsBusyError     too many sign in at once
"""


class AccountError(Exception):
    """Something is wrong with an account."""

    def __init__(self, detail: str = "") -> None:
        super().__init__(f"{self.__doc__} {detail}".strip())


class EmailError(AccountError):
    """The email is none: expected one such as ann@example.org."""


class EmailTakenError(AccountError):
    """There is an account with this email."""


class RegistrationClosedError(AccountError):
    """Accounts are made by the administrator here."""


class PasswordError(AccountError):
    """The password can not be taken:"""


class NoPasswordError(AccountError):
    """The account has no password: it signs in with Google."""


class WrongPasswordError(AccountError):
    """The current password is wrong."""


class CredentialsError(AccountError):
    """The email or the password is wrong."""


class SessionOverError(AccountError):
    """The session is over: sign in again."""


class IdentityError(AccountError):
    """What Google says of who this is can not be believed:"""


class ProviderSilentError(AccountError):
    """Google can not be asked at this moment: try again."""


class PasswordsBusyError(AccountError):
    """Too many sign in at this moment: try again."""
