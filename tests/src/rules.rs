//! What holds for every answer, whatever was asked (RFC 7644 §3.1, §3.12).

use http::{Method, StatusCode};
use serde_json::Value;

use crate::target::Answer;

const SCIM: &str = "application/scim+json";
const ERROR: &str = "urn:ietf:params:scim:api:messages:2.0:Error";

/// Which `scimType` goes with which status (RFC 7644 table 9, RFC 9865 §2.1).
const SCIM_TYPES: [(&str, u16); 13] = [
    ("invalidFilter", 400),
    ("tooMany", 400),
    ("uniqueness", 409),
    ("mutability", 400),
    ("invalidSyntax", 400),
    ("invalidPath", 400),
    ("noTarget", 400),
    ("invalidValue", 400),
    ("invalidVers", 400),
    ("sensitive", 403),
    ("invalidCursor", 400),
    ("expiredCursor", 400),
    ("invalidCount", 400),
];

/// Every rule that `answer` breaks, a sentence each.
///
/// `media_type_stated` leaves the media type to the fixture.
#[must_use]
pub fn broken(method: &Method, answer: &Answer, media_type_stated: bool) -> Vec<String> {
    let mut broken = Vec::new();
    if [StatusCode::NO_CONTENT, StatusCode::NOT_MODIFIED].contains(&answer.status) && !answer.body.is_empty()
    {
        broken.push(format!("a {} has a body", answer.status));
    }
    if !answer.body.is_empty() {
        let media_type = answer.header("content-type").unwrap_or_default();
        if !media_type_stated && media_type.split(';').next().unwrap_or_default().trim() != SCIM {
            broken.push(format!("the media type is {media_type:?}, not {SCIM}"));
        }
        match answer.json() {
            Some(json) => nulls("", &json, &mut broken),
            None if !media_type_stated => broken.push("the body is not JSON".to_owned()),
            None => {}
        }
    }
    if answer.status.as_u16() >= 400 && method != Method::HEAD {
        error(answer, &mut broken);
    }
    if answer.status == StatusCode::CREATED {
        let location = answer.json().and_then(|json| json.pointer("/meta/location").cloned());
        if location.is_some() && location.as_ref().and_then(Value::as_str) != answer.header("location") {
            broken.push("Location and meta.location differ".to_owned());
        }
    }
    broken
}

fn nulls(at: &str, json: &Value, broken: &mut Vec<String>) {
    match json {
        Value::Null => broken.push(format!("{at} is null")),
        Value::Array(elements) => {
            for (index, element) in elements.iter().enumerate() {
                nulls(&format!("{at}/{index}"), element, broken);
            }
        }
        Value::Object(entries) => {
            for (key, value) in entries {
                nulls(&format!("{at}/{key}"), value, broken);
            }
        }
        _ => {}
    }
}

fn error(answer: &Answer, broken: &mut Vec<String>) {
    let json = answer.json().unwrap_or_default();
    if json["schemas"] != serde_json::json!([ERROR]) {
        broken.push(format!("schemas of an error are {}, not [{ERROR:?}]", json["schemas"]));
    }
    if json["status"] != answer.status.as_str() {
        broken.push(format!("status of the error is {}, not {:?}", json["status"], answer.status.as_str()));
    }
    if json["detail"].as_str().is_none_or(|detail| detail.trim().is_empty()) {
        broken.push("the error has no detail".to_owned());
    }
    let legal =
        |name: &Value| SCIM_TYPES.iter().any(|(known, status)| name == known && answer.status == *status);
    if json.get("scimType").is_some_and(|name| !legal(name)) {
        broken.push(format!("scimType {} does not go with {}", json["scimType"], answer.status));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::{HeaderMap, HeaderValue};
    use serde_json::json;

    fn answer(status: u16, media_type: &'static str, body: &Value) -> Answer {
        let headers =
            HeaderMap::from_iter([(http::header::CONTENT_TYPE, HeaderValue::from_static(media_type))]);
        let status = StatusCode::from_u16(status).unwrap();
        Answer { status, headers, body: body.to_string().into() }
    }

    fn check(status: u16, media_type: &'static str, body: Value, rules: &[&str]) {
        assert_eq!(broken(&Method::GET, &answer(status, media_type, &body), false), rules);
    }

    #[test]
    fn bodies_are_scim_without_nulls() {
        check(200, "application/scim+json; charset=utf-8", json!({"a": [1]}), &[]);
        check(200, SCIM, json!({"a": [{"b": null}]}), &["/a/0/b is null"]);
        check(200, "text/html", json!({}), &[r#"the media type is "text/html", not application/scim+json"#]);
        check(204, SCIM, json!({}), &["a 204 No Content has a body"]);
    }

    #[test]
    fn an_error_is_legal() {
        let error = |status: &str, scim_type: &str| json!({"schemas": [ERROR], "status": status, "detail": "d", "scimType": scim_type});
        check(409, SCIM, error("409", "uniqueness"), &[]);
        check(
            400,
            SCIM,
            error("400", "uniqueness"),
            &[r#"scimType "uniqueness" does not go with 400 Bad Request"#],
        );
        check(400, SCIM, error("404", "noTarget"), &[r#"status of the error is "404", not "400""#]);
        check(
            404,
            SCIM,
            json!({"schemas": [ERROR], "status": "404", "detail": " "}),
            &["the error has no detail"],
        );
        check(
            404,
            SCIM,
            json!({"schemas": [], "status": 404, "detail": "d"}),
            &[
                r#"schemas of an error are [], not ["urn:ietf:params:scim:api:messages:2.0:Error"]"#,
                r#"status of the error is 404, not "404""#,
            ],
        );
    }
}
