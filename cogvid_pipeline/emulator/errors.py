"""The vendors' errors: which code comes under which HTTP status, and the object that they come in."""

from http import HTTPStatus
from typing import Any

from cogvid_pipeline.emulator.vendors import Api

# BigModel's and Z.AI's codes: the HTTP status of each and the documented words.
CODES: dict[str, tuple[int, str]] = {
    "1000": (401, "Authentication Failed"),
    "1001": (401, "Authentication parameter not received in Header, unable to authenticate"),
    "1002": (401, "Invalid Authentication Token, please confirm the correct transmission of it"),
    "1113": (429, "Your account is in arrears, please recharge and try again"),
    "1210": (400, "Incorrect API call parameters, please check the documentation"),
    "1211": (400, "Model does not exist, please check the model code"),
    "1213": (400, "A parameter was not received properly"),
    "1214": (400, "Invalid parameter. Please check the documentation"),
    "1220": (403, "You do not have permission to access this API"),
    "1222": (404, "This API does not exist"),
    "1230": (500, "API call process error"),
    "1231": (400, "You already have a request"),
    "1234": (500, "Network error, please contact customer service"),
    "1300": (400, "API call blocked by policy"),
    "1301": (400, "System detected potentially unsafe or sensitive content in input or generation"),
    "1302": (429, "High concurrency usage of this API, please reduce concurrency"),
    "1303": (429, "High frequency usage of this API, please reduce frequency"),
    "1304": (429, "Daily call limit for this API reached"),
    "1305": (429, "The model is overloaded, please try again later"),
    "1308": (429, "Usage limit reached. Your limit will reset later"),
}

_BY_STATUS = {400: "1210", 401: "1000", 402: "1113", 403: "1220", 404: "1222", 429: "1302"}


class Refusal(Exception):
    """A request that the vendor does not take.

    `code` is BigModel's and Z.AI's, `status` the HTTP status that GeekAI says it under.
    """

    def __init__(self, message: str, *, code: str = "1214", status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.status = status


def refuse(api: Api, refusal: Refusal) -> tuple[int, dict[str, Any]]:
    """The HTTP status and the body that a refusal is answered with."""
    if not api.coded:
        return refusal.status, error(refusal.status, str(refusal))
    status, _ = CODES[refusal.code]
    return status, error(refusal.code, str(refusal))


def usual_error(api: Api, status: int) -> dict[str, Any]:
    """What a vendor says under an HTTP status when it says no more than that."""
    if api.coded and (code := _BY_STATUS.get(status)):
        return error(code, CODES[code][1])
    return error(status, phrase(status))


def error(code: str | int, message: str) -> dict[str, Any]:
    """The error object, the same at all vendors; codes are sent as text."""
    return {"error": {"code": str(code), "message": message}}


def phrase(status: int) -> str:
    """What HTTP calls a status."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unheard Of"
