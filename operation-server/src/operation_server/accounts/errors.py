"""What can go wrong with accounts."""

from __future__ import annotations

from collections.abc import Sequence

from operation_server.problems import Violation
from satellite.errors import SatelliteError


class CredentialsRefused(SatelliteError):
    """The address or the password is wrong."""

    code = "credentials_refused"


class LoginsBusy(SatelliteError):
    """Too many passwords are being checked at this moment; try again in a few seconds."""

    code = "logins_busy"


class LoginSlowed(SatelliteError):
    """Too many logins for this address have failed from here; wait, then try again."""

    code = "login_slowed"

    def __init__(self, retry_after_s: int) -> None:
        super().__init__(
            f"Too many logins for this address have failed from here; try again in {retry_after_s} s."
        )
        self.retry_after_s = retry_after_s


class RefreshUnderWay(SatelliteError):
    """This refresh token was used moments ago; use the tokens of that answer, or log in again."""

    code = "refresh_under_way"


class KeyRefused(SatelliteError):
    """The API key is revoked, expired or unknown; make another with POST /api/v1/api-keys."""

    code = "key_refused"


class KeyNotFound(SatelliteError):
    """There is no such API key."""

    code = "key_not_found"


class OriginRefused(SatelliteError):
    """A browser's login changes things only for pages of this server."""

    code = "origin_refused"


class TokenRefused(SatelliteError):
    """This needs a valid token: send `Authorization: Bearer <token>` from POST /api/v1/auth/token."""

    code = "token_refused"


class AdminRequired(SatelliteError):
    """Only an admin may do this."""

    code = "admin_required"


class PermissionMissing(SatelliteError):
    """Accounts of this role may not do this."""

    code = "permission_missing"


class KeyTooNarrow(SatelliteError):
    """This API key may not do this, though its account may."""

    code = "key_too_narrow"


class AccountNotFound(SatelliteError):
    """There is no such account."""

    code = "account_not_found"


class OwnAccountKept(SatelliteError):
    """Nobody closes their own account or gives up their own admin role; another admin may."""

    code = "own_account_kept"


class AddressTaken(SatelliteError):
    """There is already an account with this address."""

    code = "address_taken"


class AccountInvalid(SatelliteError):
    """The account's address or password is not fit for one."""

    code = "account_invalid"

    def __init__(self, violations: Sequence[Violation]) -> None:
        told = "; ".join(f"{violation.pointer.lstrip('/')}: {violation.message}" for violation in violations)
        super().__init__(f"The account is not valid: {told}")
        self.violations = tuple(violations)
