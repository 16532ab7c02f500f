"""What the address and the password of an account must be."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from email_validator import EmailNotValidError, validate_email

from operation_server.accounts.errors import AccountInvalid
from operation_server.problems import Violation

SHORTEST_PASSWORD: Final = 8
"""NIST SP 800-63B, 3.1.1: the least for a password that is checked against those in use."""
WEAKEST_SCORE: Final = 2
"""Of zxcvbn's 0 to 4: more than 10^6 guesses, which logins that are slowed down do not allow."""
LONGEST_SCORED: Final = 72
"""The estimate of a longer one takes too long, and its beginning says enough."""


def check_address(email: str) -> list[Violation]:
    """Return what is wrong with an address."""
    try:
        _normal_form(email)
    except EmailNotValidError as error:
        return [Violation("/email", str(error))]
    return []


def check_password(password: str, *, known: Sequence[str] = ()) -> list[Violation]:
    """Return what is wrong with a password; `known` is what others know of whose it will be."""
    if len(password) < SHORTEST_PASSWORD:
        return [Violation("/password", f"is too short; take at least {SHORTEST_PASSWORD} characters")]
    # Its word lists take 50 ms to load, and few processes ever set a password.
    from zxcvbn import zxcvbn  # noqa: PLC0415

    estimate = zxcvbn(password[:LONGEST_SCORED], user_inputs=list(known), max_length=LONGEST_SCORED)
    if estimate["score"] >= WEAKEST_SCORE:
        return []
    hints = [estimate["feedback"]["warning"], *estimate["feedback"]["suggestions"]]
    return [Violation("/password", " ".join(["is easy to guess.", *filter(None, hints)]))]


def require_fit(*violations: Violation) -> None:
    """Refuse what cannot be the credentials of an account.

    Raises:
        AccountInvalid: there are violations.
    """
    if violations:
        raise AccountInvalid(violations)


def address_of(email: str) -> str:
    """Return the form in which an address is stored and compared: in lower case, as all mail servers take it.

    What is no address is returned as it is: accounts of older releases had names.
    """
    try:
        return _normal_form(email)
    except EmailNotValidError:
        return email


def _normal_form(email: str) -> str:
    # Not `globally_deliverable`, which refuses an intranet's names such as `.local`.
    valid = validate_email(email, check_deliverability=False, globally_deliverable=False)
    if "." not in valid.domain:
        raise EmailNotValidError("The part after the @-sign is not valid. It should have a period.")
    return valid.normalized.lower()
