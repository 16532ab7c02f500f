"""What can go wrong with accounts."""

from __future__ import annotations

from satellite.errors import SatelliteError


class CredentialsRefused(SatelliteError):
    """The user name or the password is wrong."""

    code = "credentials_refused"


class LoginsBusy(SatelliteError):
    """Too many passwords are being checked at this moment; try again in a few seconds."""

    code = "logins_busy"


class TokenRefused(SatelliteError):
    """This needs a valid token: send `Authorization: Bearer <token>` from POST /api/v1/auth/token."""

    code = "token_refused"


class AdminRequired(SatelliteError):
    """Only an admin may do this."""

    code = "admin_required"


class AccountNotFound(SatelliteError):
    """There is no such account."""

    code = "account_not_found"


class OwnAccountKept(SatelliteError):
    """Nobody closes their own account or gives up their own admin role; another admin may."""

    code = "own_account_kept"


class UsernameTaken(SatelliteError):
    """There is already an account of this name."""

    code = "username_taken"
