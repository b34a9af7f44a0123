"""What no schema can say: a request of the right form that is refused for what it means."""

import schemathesis
from schemathesis.openapi.checks import RejectedPositiveData

# Every code has its reason here; a refusal for the form of a request (INVALID_REQUEST and the like) is none of them.
BEYOND_SCHEMAS = {
    "INVALID_CURSOR": "a cursor is ours, of this list and with these filters, or it is none: a digest in it tells",
    "INVALID_POSITION": "a position lies in the log, or beyond its end",
    "INVALID_AT": "a moment lies in the past, and in a month that has this day",
    "INVALID_PERIOD": "of two moments one is the later",
    "INVALID_TIME": "a month has this day, or not",
    "INVALID_SUBJECT": "exactly one of five parameters, which are documented one by one",
    "INVALID_TOKEN_NOT_BASE64": "what is in a token file is Apple's affair; its schema is that of any text",
    "INVALID_TOKEN_NOT_JSON": "as above",
    "INVALID_TOKEN_KEYS": "as above",
    "INVALID_TOKEN_DATE": "as above",
    "INVALID_TOKEN_EMPTY": "as above: byte order marks, blanks and line breaks do not count",
    "INVALID_TOKEN_DEP_P7M": "as above",
    "INVALID_ORDER_SIZE": "a product of the lengths of two lists",
    "INVALID_ORDER_EMPTY": "at least one of two lists, which are documented one by one",
    "INVALID_HOLDER": "exactly one of two fields, which are documented one by one",
    "INVALID_PROFILE": "what is in a configuration profile is Apple's affair; its schema is that of any text",
    "INVALID_BASE_URL": "an address is described in words",
    "INVALID_TABLE": "what is in a table of CSV is described in words",
    "REJECTED_UNKNOWN_ASSET": "which assets an account has is known at Apple",
    "REJECTED_UNKNOWN_PERSON": "as above",
}


@schemathesis.hook
def filter_failure(context, failure, case, response):
    """Whether a failure is one."""
    if not isinstance(failure, RejectedPositiveData):
        return True
    if not response.headers.get("content-type", [""])[0].startswith("application/problem+json"):
        return True
    return response.json()["code"] not in BEYOND_SCHEMAS
