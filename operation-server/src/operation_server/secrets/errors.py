"""What can go wrong with secrets."""

from __future__ import annotations

from satellite.errors import SatelliteError


class SecretNotFound(SatelliteError):
    """There is no such secret, or it is somebody else's."""

    code = "secret_not_found"


class SecretExists(SatelliteError):
    """There is a secret of this name already; replace its value, or take another name."""

    code = "secret_exists"


class SecretQuotaReached(SatelliteError):
    """The account has as many secrets as it may; delete some."""

    code = "secret_quota_reached"


class SecretsNotSetUp(SatelliteError):
    """This installation keeps no secrets; an operator has to set SATELLITE_SECRETS_KEY."""

    code = "secrets_not_set_up"


class SecretKeyMissing(SatelliteError):
    """The secret is wrapped by a key that this process was not given."""

    code = "secret_key_missing"


class SecretDamaged(SatelliteError):
    """The stored secret is not what was stored; set its value again."""

    code = "secret_damaged"
