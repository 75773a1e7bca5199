"""The dashboard's password and the MCP server's token: configured, or drawn once and kept in DATA_DIR/secrets."""

import contextlib
import os
import secrets
from pathlib import Path

from pydantic import SecretStr

from binance_trade_agent.domain.errors import ConfigurationError
from binance_trade_agent.settings import Settings


def dashboard_password(settings: Settings) -> str:
    """What opens the dashboard; raises `ConfigurationError` when it can be neither read nor kept."""
    return _configured_or_kept(settings.dashboard_password, dashboard_password_file(settings))


def mcp_token(settings: Settings) -> str:
    """What opens the MCP server; raises `ConfigurationError` when it can be neither read nor kept."""
    return _configured_or_kept(settings.mcp_token, mcp_token_file(settings))


def dashboard_session_key(settings: Settings) -> bytes:
    """What signs the dashboard's sessions; deleting its file ends them all. Raises as the others do."""
    return _configured_or_kept(None, _session_key_file(settings)).encode()


def kept_secrets(settings: Settings) -> tuple[str, ...]:
    """The secrets that were drawn so far; a program that writes no log of its own must not draw any."""
    configured = (settings.dashboard_password, settings.mcp_token)
    kept = (dashboard_password_file(settings), mcp_token_file(settings), _session_key_file(settings))
    return (
        *(secret.get_secret_value() for secret in configured if secret is not None),
        *(_text_of(path) for path in kept if path.is_file()),
    )


def dashboard_password_file(settings: Settings) -> Path:
    """Where a generated password lies."""
    return settings.data_dir / "secrets" / "dashboard_password"


def mcp_token_file(settings: Settings) -> Path:
    """Where a generated token lies."""
    return settings.data_dir / "secrets" / "mcp_token"


def _session_key_file(settings: Settings) -> Path:
    return settings.data_dir / "secrets" / "dashboard_session_key"


def _text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} cannot be read, so logs with it in them are not shown") from error


def _configured_or_kept(configured: SecretStr | None, path: Path) -> str:
    if configured is not None:
        return configured.get_secret_value()
    try:
        return _kept(path)
    except OSError as error:
        raise ConfigurationError(f"{path} can be neither read nor written: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path} is no text: delete it and a new secret is drawn") from error


def _kept(path: Path) -> str:
    """The secret in `path`, drawn now if there is none; of two processes that draw at once, one wins for both."""
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "w", encoding="ascii") as file:
                file.write(secrets.token_urlsafe(24))
                file.flush()
                os.fsync(file.fileno())
            with contextlib.suppress(FileExistsError):
                os.link(draft, path)
        finally:
            draft.unlink()
    text = path.read_text(encoding="utf-8").strip()
    if not text:
        raise ConfigurationError(f"{path} is empty: delete it and a new secret is drawn")
    return text
