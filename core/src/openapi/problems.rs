//! Error replies: one component per status, with the codes that it may carry, all from the catalogue.

use salvo::oapi::{Components, Content, Example, Header, Response};
use serde_json::{Value, json};

use super::schemas::{carry, reference};
use crate::error::{Code, Kind};

/// An error reply that operations refer to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) status: u16,
    pub(super) component: &'static str,
    kind: Kind,
    retry_after: bool,
}

const fn refusal(status: u16, component: &'static str, kind: Kind, retry_after: bool) -> Refusal {
    Refusal {
        status,
        component,
        kind,
        retry_after,
    }
}

pub(super) const AMBIGUOUS: Refusal = refusal(300, "Ambiguous", Kind::Ambiguous, false);
pub(super) const BAD_REQUEST: Refusal = refusal(400, "BadRequest", Kind::Malformed, false);
pub(super) const UNAUTHENTICATED: Refusal = refusal(401, "Unauthenticated", Kind::Unauthenticated, false);
pub(super) const FORBIDDEN: Refusal = refusal(403, "Forbidden", Kind::Forbidden, false);
pub(super) const NOT_FOUND: Refusal = refusal(404, "NotFound", Kind::Missing, false);
pub(super) const NOT_ACCEPTABLE: Refusal = refusal(406, "NotAcceptable", Kind::NotAcceptable, false);
pub(super) const TIMED_OUT: Refusal = refusal(408, "RequestTimeout", Kind::SlowClient, false);
pub(super) const CONFLICT: Refusal = refusal(409, "Conflict", Kind::Conflict, true);
pub(super) const PRECONDITION: Refusal = refusal(412, "PreconditionFailed", Kind::Precondition, false);
pub(super) const TOO_LARGE: Refusal = refusal(413, "BodyTooLarge", Kind::TooLarge, false);
pub(super) const UNSUPPORTED: Refusal = refusal(415, "UnsupportedMediaType", Kind::UnsupportedMedia, false);
pub(super) const RANGE: Refusal = refusal(416, "RangeNotSatisfiable", Kind::Range, false);
pub(super) const INVALID: Refusal = refusal(422, "Invalid", Kind::Invalid, false);
pub(super) const TOO_MANY: Refusal = refusal(429, "TooMany", Kind::TooMany, true);
pub(super) const INTERNAL: Refusal = refusal(500, "Internal", Kind::Internal, false);
pub(super) const UNAVAILABLE: Refusal = refusal(503, "Unavailable", Kind::Unavailable, true);
pub(super) const TIMEOUT: Refusal = refusal(504, "Timeout", Kind::Timeout, false);

/// All of them, in the order of their status.
pub(super) const ALL: &[Refusal] = &[
    AMBIGUOUS,
    BAD_REQUEST,
    UNAUTHENTICATED,
    FORBIDDEN,
    NOT_FOUND,
    NOT_ACCEPTABLE,
    TIMED_OUT,
    CONFLICT,
    PRECONDITION,
    TOO_LARGE,
    UNSUPPORTED,
    RANGE,
    INVALID,
    TOO_MANY,
    INTERNAL,
    UNAVAILABLE,
    TIMEOUT,
];

impl Refusal {
    fn codes(self) -> impl Iterator<Item = Code> {
        Code::ALL.iter().copied().filter(move |code| code.kind() == self.kind)
    }

    fn response(self) -> Response {
        let titles: Vec<String> = self
            .codes()
            .map(|code| format!("- `{code}`: {}", code.title()))
            .collect();
        let examples = self.codes().map(|code| {
            let example = Example::new().summary(code.title()).value(example(code, self.status));
            (code.as_str(), example)
        });
        let content = Content::new(reference("Problem")).extend_examples(examples);
        let mut response = Response::new(titles.join("\n")).add_content("application/problem+json", content);
        if self.retry_after {
            let header = Header::new(carry(json!({ "type": "integer", "minimum": 0 })));
            let text = "Seconds after which another try makes sense; absent where it does not.";
            response = response.add_header("Retry-After", header.description(text));
        }
        if self.status == RANGE.status {
            let header = Header::new(carry(json!({ "type": "string", "examples": ["*/1234"] })));
            response = response.add_header("Content-Range", header.description("How many rows match."));
        }
        if self.status == TOO_MANY.status {
            for (name, example, text) in [
                (
                    "RateLimit",
                    "\"all\";r=0;t=60",
                    "What is left of each allowance, and the seconds until all is back.",
                ),
                (
                    "RateLimit-Policy",
                    "\"all\";q=600;w=60",
                    "Each allowance: so many, which come back in so many seconds.",
                ),
            ] {
                let header = Header::new(carry(json!({ "type": "string", "examples": [example] })));
                response = response.add_header(name, header.description(text));
            }
        }
        if self.status == UNAUTHENTICATED.status {
            let header = Header::new(carry(json!({ "type": "string" })));
            response = response.add_header(
                "WWW-Authenticate",
                header.description("Which credentials are read (RFC 9110 §11.6.1)."),
            );
        }
        response
    }
}

/// Adds the schemas `Problem` and `Violation`, and the replies.
pub(super) fn add(mut components: Components) -> Components {
    components = components
        .add_schema("Problem", carry(problem()))
        .add_schema("Violation", carry(violation()));
    for refusal in ALL {
        components = components.response(refusal.component, refusal.response());
    }
    components
}

/// Codes that a request can be answered with.
fn request_codes() -> impl Iterator<Item = Code> {
    Code::ALL.iter().copied().filter(|code| code.kind() != Kind::Operator)
}

fn problem() -> Value {
    let codes: Vec<&str> = request_codes().map(Code::as_str).collect();
    let meanings: serde_json::Map<String, Value> = request_codes()
        .map(|code| (code.as_str().to_owned(), code.title().into()))
        .collect();
    let list: Vec<String> = request_codes()
        .map(|code| format!("- `{code}`: {}", code.title()))
        .collect();
    json!({
        "title": "Problem",
        "type": "object",
        "description": "An error, as RFC 9457 has it, with the members that clients of PostgREST read (`code`, `message`, `details`, `hint`).",
        "properties": {
            "type": { "type": "string", "format": "uri", "description": "`urn:windlass:problem:` and the code." },
            "title": { "type": "string", "description": "What happened, for people." },
            "status": { "type": "integer", "minimum": 300, "maximum": 599, "description": "The reply's status." },
            "detail": { "type": "string", "description": "More about this occurrence." },
            "code": {
                "type": "string",
                "enum": codes,
                "description": format!("The stable code to decide by.\n\n{}", list.join("\n")),
                "x-enumDescriptions": meanings
            },
            "message": { "type": "string", "description": "As `title`." },
            "details": { "type": ["string", "null"], "description": "As `detail`, where there is more to say than the title." },
            "hint": { "type": ["string", "null"], "description": "What to do next." },
            "request_id": { "type": "string", "description": "The request's id, as the logs have it." },
            "errors": {
                "type": "array",
                "items": { "$ref": "#/components/schemas/Violation" },
                "description": "Every broken rule, for `validation_failed`."
            }
        },
        "required": ["type", "title", "status", "detail", "code", "message", "details", "hint", "request_id"]
    })
}

fn violation() -> Value {
    json!({
        "title": "Violation",
        "type": "object",
        "description": "One broken rule, with Pydantic's words.",
        "properties": {
            "type": { "type": "string", "description": "Pydantic's type string.", "examples": ["less_than_equal"] },
            "loc": {
                "type": "array",
                "items": { "type": ["string", "integer"] },
                "minItems": 1,
                "description": "The way to the value: body, query, path or header first; in a batch the row's position, from 0, second.",
                "examples": [["body", "score"]]
            },
            "msg": { "type": "string", "description": "What is wrong.", "examples": ["must be at most 100"] },
            "input": { "description": "The value as it came; absent where it was missing or too long." },
            "ctx": { "type": "object", "description": "The limits that were broken.", "examples": [{ "le": 100 }] }
        },
        "required": ["type", "loc", "msg"]
    })
}

fn example(code: Code, status: u16) -> Value {
    let (title, detail) = match code {
        Code::ValidationFailed => (
            "The request breaks 2 rules",
            "email: not an e-mail address; score: must be at most 100",
        ),
        Code::UnindexedFilter => (Code::UnindexedFilter.title(), "`note` of leads with `ilike`"),
        Code::TooCostly => (Code::TooCostly.title(), "estimated rows 1250000, at most 100000"),
        code => (code.title(), code.title()),
    };
    let mut example = json!({
        "type": format!("urn:windlass:problem:{code}"),
        "title": title,
        "status": status,
        "detail": detail,
        "code": code.as_str(),
        "message": title,
        "details": (title != detail).then_some(detail),
        "hint": null,
        "request_id": "01936a3e-7d5b-7c41-9f0a-2b6c8d4e1f35"
    });
    if let (Code::ValidationFailed, Value::Object(members)) = (code, &mut example) {
        let errors = json!([
            { "type": "string_email", "loc": ["body", "email"], "msg": "not an e-mail address", "input": "ada@" },
            { "type": "less_than_equal", "loc": ["body", "score"], "msg": "must be at most 100", "input": 140, "ctx": { "le": 100 } }
        ]);
        members.insert("errors".to_owned(), errors);
    }
    example
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_of_a_request_has_a_reply() {
        for code in request_codes().filter(|code| *code != Code::MethodNotAllowed && *code != Code::PreconditionFailed)
        {
            assert!(ALL.iter().any(|refusal| refusal.codes().any(|c| c == code)), "{code}");
        }
        assert!(ALL.is_sorted_by_key(|refusal| refusal.status));
    }

    #[test]
    fn examples_keep_the_schema() {
        let mut schema = problem();
        schema["properties"]["errors"]["items"] = violation();
        let validator = jsonschema::options()
            .should_validate_formats(true)
            .build(&schema)
            .unwrap();
        for refusal in ALL {
            for code in refusal.codes() {
                let example = example(code, refusal.status);
                validator
                    .validate(&example)
                    .unwrap_or_else(|error| panic!("{code}: {error}"));
            }
        }
    }
}
