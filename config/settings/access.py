"""Who may do what: secrets, accounts, other origins, and what is open to all."""

from pydantic import SecretStr

from config.errors import SettingsError
from config.settings.field import Group, setting
from config.settings.kinds import Names, RestUrl


class Access(Group):
    """What the web's doors go by."""

    secret_key: SecretStr | None = setting(
        "TICKTREE_SECRET_KEY",
        "Signs sessions, the same for all web processes; `ticktree run` makes one and keeps it in the data folder when it "
        "is not given, a web process on its own needs it.",
        "at least 32 characters",
        default=None,
        min_length=32,
    )
    admin_token: SecretStr | None = setting(
        "TICKTREE_ADMIN_TOKEN",
        "The administrator's token; when not given one is made and printed once, and only its hash is kept.",
        "at least 16 characters",
        default=None,
        min_length=16,
    )
    public_url: RestUrl | None = setting(
        "TICKTREE_PUBLIC_URL",
        "Address that browsers know the web by: signing in with Google comes back to it, and cookies are for HTTPS only "
        "where it is one.",
        "an address such as https://ticks.example.org",
        default=None,
    )
    trusted_proxies: int = setting(
        "TICKTREE_TRUSTED_PROXIES",
        "Proxies of yours before the web; so many addresses of `X-Forwarded-For` are believed. Behind one, 0 takes all "
        "clients for the proxy.",
        "a whole number from 0 to 10",
        default=0,
        ge=0,
        le=10,
    )
    allowed_origins: Names = setting(
        "TICKTREE_ALLOWED_ORIGINS",
        "Other origins whose pages may open a socket; the server's own always may.",
        "origins such as https://example.org, separated by commas",
        default=(),
    )
    public_feed: bool = setting(
        "TICKTREE_PUBLIC_FEED",
        "Whether prices and candles may be read without a token, rate-limited.",
        "true or false",
        default=False,
    )
    sockets: int = setting(
        "TICKTREE_SOCKETS",
        "Sockets that a web process takes; more are sent to another one.",
        "a whole number from 1 to 20000",
        default=10_000,
        ge=1,
        le=20_000,
    )
    sockets_per_account: int = setting(
        "TICKTREE_SOCKETS_PER_ACCOUNT",
        "Sockets of one user or API key in a web process; the administrator's token has no such limit.",
        "a whole number from 1 to 20000",
        default=20,
        ge=1,
        le=20_000,
    )
    sockets_per_address: int = setting(
        "TICKTREE_SOCKETS_PER_ADDRESS",
        "Sockets of one address in a web process that are on the public feed, and as many that have not said who they are: "
        "more for an office behind one address.",
        "a whole number from 1 to 20000",
        default=100,
        ge=1,
        le=20_000,
    )
    allow_registration: bool = setting(
        "TICKTREE_ALLOW_REGISTRATION",
        "Whether strangers may make an account; otherwise `ticktree users add` does.",
        "true or false",
        default=True,
    )
    google_client_id: str | None = setting(
        "GOOGLE_CLIENT_ID",
        "For signing in with Google.",
        "a client id",
        default=None,
    )
    google_client_secret: SecretStr | None = setting(
        "GOOGLE_CLIENT_SECRET", "The secret that belongs to it.", "a client secret", default=None
    )

    google_issuer: RestUrl = setting(
        "TICKTREE_GOOGLE_ISSUER",
        "Whose accounts these are: another provider of OpenID Connect may stand in.",
        "an address such as https://accounts.google.com",
        default="https://accounts.google.com",
    )

    @property
    def signing_key(self) -> str:
        """What sessions are signed with; SettingsError when there is none."""
        if self.secret_key is None:
            raise SettingsError(
                "TICKTREE_SECRET_KEY: expected at least 32 characters, the same for all web processes, was not set; "
                "`openssl rand -base64 48` makes a good one."
            )
        return self.secret_key.get_secret_value()
