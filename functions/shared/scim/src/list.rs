//! Queries and their answers (RFC 7644 §3.4.2, RFC 9865): the parameters, and the `ListResponse` message.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    Error, ErrorKind, Object,
    filter::{self, Filter},
    projection::Projection,
    resource::take,
    sort::Order,
    value::{json_type, quoted},
};

/// URN of the `ListResponse` message.
pub const LIST_SCHEMA: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";
/// URN of the `SearchRequest` message (RFC 7644 §3.4.3).
pub const SEARCH_SCHEMA: &str = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";

/// Resources of a page when the client does not say.
pub const DEFAULT_COUNT: usize = 100;
/// The most resources of a page, whatever the client says.
pub const MOST_COUNT: usize = 1000;
/// How long a client that pages by cursor may take from one page to the next (RFC 9865 §4).
pub const CURSOR_TIMEOUT: Duration = Duration::from_hours(1);

/// A query, its parameters checked and in bounds.
#[derive(Debug, Clone, Default)]
pub struct ListQuery {
    /// The filter, parsed.
    pub filter: Option<Filter>,
    /// Place of the first resource wanted, from 1; 1 where there is a cursor.
    pub start_index: usize,
    /// The cursor of the page wanted, empty for the first page; `None` where the client pages by `start_index`.
    pub cursor: Option<String>,
    /// How many resources are wanted; 0 asks for the total only.
    pub count: usize,
    /// What to sort by.
    pub sort_by: Option<String>,
    /// In which direction.
    pub sort_order: Order,
    /// Which attributes to show.
    pub projection: Projection,
}

impl ListQuery {
    /// From the pairs of a query string, decoded; unknown parameters are ignored.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidFilter`] for the filter, [`ErrorKind::InvalidCount`] for the page size of a query that is
    /// paged by cursor, [`ErrorKind::InvalidValue`] naming any other parameter.
    pub fn from_pairs(pairs: &[(String, String)]) -> Result<Self, Error> {
        // Entra's inbound collection writes `startindex`.
        let text = |name: &str| {
            pairs.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
        };
        let number = |name: &str| match text(name).map(str::trim) {
            None | Some("") => Ok(None),
            Some(value) => value.parse().map(Some).map_err(|_| quoted(value)),
        };
        Self::new(
            Parameters {
                filter: text("filter"),
                start_index: number("startIndex"),
                count: number("count"),
                // A name without a value asks for the first page.
                cursor: text("cursor"),
                sort_by: text("sortBy"),
                sort_order: text("sortOrder"),
            },
            Projection::from_lists(
                text("attributes").filter(|list| !list.is_empty()),
                text("excludedAttributes"),
            ),
        )
    }

    /// From the body of a POST to `/.search`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidSyntax`] when the body is no `SearchRequest`, [`ErrorKind::InvalidCursor`] for a cursor that
    /// is no text; otherwise as [`Self::from_pairs`].
    pub fn from_search(mut body: Object) -> Result<Self, Error> {
        let named =
            |urn: &Value| urn.as_str().is_some_and(|urn| urn.trim().eq_ignore_ascii_case(SEARCH_SCHEMA));
        if !take(&mut body, "schemas")
            .is_some_and(|urns| urns.as_array().is_some_and(|urns| urns.iter().any(named)))
        {
            let detail = format!("Attribute schemas of a search must name {SEARCH_SCHEMA}");
            return Err(Error::new(ErrorKind::InvalidSyntax, detail).at("schemas"));
        }
        let mut text = |name: &str| match take(&mut body, name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(expected(name, "a string", json_type(&other))),
        };
        let (filter, sort_by, sort_order) = (text("filter")?, text("sortBy")?, text("sortOrder")?);
        let cursor = text("cursor")
            .map_err(|error| Error::new(ErrorKind::InvalidCursor, error.detail()).at("cursor"))?;
        let mut number = |name: &str| match take(&mut body, name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => value.as_i64().map(Some).ok_or_else(|| json_type(&value).to_owned()),
        };
        let (start_index, count) = (number("startIndex"), number("count"));
        let mut listed = |name: &str| match take(&mut body, name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(list)) => Ok(Some(vec![Value::String(list)])),
            Some(Value::Array(items)) => Ok(Some(items)),
            Some(other) => Err(expected(name, "an array of names", json_type(&other))),
        };
        let (attributes, excluded) =
            (listed("attributes")?, listed("excludedAttributes")?.unwrap_or_default());
        let words = |names: &'_ [Value]| {
            names
                .iter()
                .filter_map(Value::as_str)
                .flat_map(|list| list.split(','))
                .filter(|name| !name.trim().is_empty())
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        let (attributes, excluded) = (attributes.map(|names| words(&names)), words(&excluded));
        let projection = Projection::new(
            attributes
                .as_ref()
                .filter(|names| !names.is_empty())
                .map(|names| names.iter().map(String::as_str)),
            excluded.iter().map(String::as_str),
        );
        let (filter, cursor) = (filter.as_deref(), cursor.as_deref());
        let (sort_by, sort_order) = (sort_by.as_deref(), sort_order.as_deref());
        Self::new(Parameters { filter, start_index, count, cursor, sort_by, sort_order }, projection)
    }

    fn new(parameters: Parameters<'_>, projection: Projection) -> Result<Self, Error> {
        let Parameters { filter, start_index, count, cursor, sort_by, sort_order } = parameters;
        let whole = |number: i64, least: i64| usize::try_from(number.max(least)).unwrap_or(usize::MAX);
        let wrong = |name, got: &str| expected(name, "a whole number", got);
        let start_index = start_index.map_err(|got| wrong("startIndex", &got))?;
        let count = match cursor {
            None => count.map_err(|got| wrong("count", &got))?.map(|count| whole(count, 0).min(MOST_COUNT)),
            Some(_) => count_by_cursor(count)?,
        };
        if cursor.is_some() && start_index.is_some() {
            let detail = "Parameter startIndex cannot be used with cursor: page by one of them";
            return Err(Error::new(ErrorKind::InvalidValue, detail).at("startIndex"));
        }
        Ok(Self {
            filter: filter.map(filter::parse).transpose()?,
            start_index: whole(start_index.unwrap_or(1), 1),
            cursor: cursor.map(str::to_owned),
            count: count.unwrap_or(DEFAULT_COUNT),
            sort_by: sort_by.map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned),
            sort_order: sort_order
                .map(str::trim)
                .filter(|order| !order.is_empty())
                .map_or(Ok(Order::Ascending), Order::parse)?,
            projection,
        })
    }

    /// What is asked for, whichever page of it: all pages of one query have the same text, whether it came as a
    /// query string or as a body. Attribute names count in any case, as in the example of RFC 9865 §2.
    #[must_use]
    pub fn question(&self) -> String {
        let filter = self.filter.as_ref().map(|filter| filter.with_names_in_lowercase().to_string());
        let sort = self
            .sort_by
            .as_deref()
            .map(|name| (name.to_ascii_lowercase(), self.sort_order == Order::Descending));
        json!([filter, sort, self.projection.names()]).to_string()
    }
}

/// What a client sent; a number that is none as the words for what it is instead.
struct Parameters<'a> {
    filter: Option<&'a str>,
    start_index: Result<Option<i64>, String>,
    count: Result<Option<i64>, String>,
    cursor: Option<&'a str>,
    sort_by: Option<&'a str>,
    sort_order: Option<&'a str>,
}

/// The page size of a query by cursor, which is not cut to the maximum (RFC 9865 §2.1).
fn count_by_cursor(count: Result<Option<i64>, String>) -> Result<Option<usize>, Error> {
    let got = match count {
        Ok(None) => return Ok(None),
        Ok(Some(count)) => match usize::try_from(count.max(0)) {
            Ok(count) if count <= MOST_COUNT => return Ok(Some(count)),
            _ => count.to_string(),
        },
        Err(got) => got,
    };
    let detail =
        format!("Bad value of parameter count: expected a whole number up to {MOST_COUNT}, got {got}");
    Err(Error::new(ErrorKind::InvalidCount, detail).at("count"))
}

fn expected(parameter: &str, expected: &str, got: &str) -> Error {
    Error::new(
        ErrorKind::InvalidValue,
        format!("Bad value of parameter {parameter}: expected {expected}, got {got}"),
    )
    .at(parameter)
}

/// The `ListResponse` message; the three numbers are integers, `Resources` is there even when empty.
#[must_use]
pub fn response(total_results: usize, start_index: usize, resources: &[Object]) -> Value {
    json!({
        "schemas": [LIST_SCHEMA],
        "totalResults": total_results,
        "startIndex": start_index,
        "itemsPerPage": resources.len(),
        "Resources": resources,
    })
}

/// The `ListResponse` message of a page by cursor (RFC 9865 §2). Without `total_results` where they were too many to
/// count; without `next_cursor` only where nothing follows.
#[must_use]
pub fn cursor_response(
    total_results: Option<usize>,
    next_cursor: Option<&str>,
    resources: &[Object],
) -> Value {
    let mut body = json!({
        "schemas": [LIST_SCHEMA],
        "itemsPerPage": resources.len(),
        "Resources": resources,
    });
    if let Some(total_results) = total_results {
        body["totalResults"] = total_results.into();
    }
    if let Some(next_cursor) = next_cursor {
        body["nextCursor"] = next_cursor.into();
    }
    body
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(query: &[(&str, &str)]) -> Result<ListQuery, Error> {
        let pairs: Vec<_> =
            query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        ListQuery::from_pairs(&pairs)
    }

    fn search(body: Value) -> Result<ListQuery, Error> {
        let Value::Object(mut body) = body else { panic!("an object") };
        body.insert("schemas".to_owned(), json!([SEARCH_SCHEMA]));
        ListQuery::from_search(body)
    }

    fn check_refused(query: &[(&str, &str)], kind: ErrorKind, path: &str, expected: &str) {
        let error = pairs(query).expect_err(expected);
        assert_eq!((error.kind(), error.path()), (kind, Some(path)), "{error:?}");
        assert!(error.detail().contains(expected), "{error:?}");
    }

    #[test]
    fn a_cursor_without_a_value_asks_for_the_first_page_and_null_for_none() {
        for (query, cursor) in [
            (pairs(&[("count", "5")]), None),
            (pairs(&[("cursor", ""), ("count", "5")]), Some("")),
            (pairs(&[("Cursor", "abc"), ("count", "5")]), Some("abc")),
            (search(json!({"count": 5})), None),
            (search(json!({"cursor": null, "count": 5})), None),
            (search(json!({"cursor": "", "count": 5})), Some("")),
            (search(json!({"cursor": "abc", "count": 5})), Some("abc")),
        ] {
            let query = query.expect("a query");
            assert_eq!((query.cursor.as_deref(), query.count), (cursor, 5));
        }
    }

    #[test]
    fn a_count_by_cursor_is_in_bounds_or_refused() {
        for (count, meant) in [("", 100), ("0", 0), ("-7", 0), ("1000", 1000)] {
            assert_eq!(pairs(&[("cursor", ""), ("count", count)]).expect(count).count, meant);
        }
        for (count, got) in [("1001", "1001"), ("99999999999999999999", "\"999"), ("ten", "\"ten\"")] {
            let expected = format!("expected a whole number up to 1000, got {got}");
            check_refused(&[("cursor", ""), ("count", count)], ErrorKind::InvalidCount, "count", &expected);
        }
        assert_eq!(pairs(&[("count", "1001")]).expect("a query").count, MOST_COUNT);
        check_refused(&[("count", "ten")], ErrorKind::InvalidValue, "count", "expected a whole number");
    }

    #[test]
    fn a_query_is_paged_in_one_way() {
        let both = [("cursor", ""), ("startIndex", "1")];
        check_refused(&both, ErrorKind::InvalidValue, "startIndex", "page by one of them");
        let query = search(json!({"cursor": null, "startIndex": 3})).expect("a query");
        assert_eq!((query.cursor, query.start_index), (None, 3));
    }

    #[test]
    fn the_pages_of_one_query_ask_the_same_question() {
        let first = [
            ("filter", "userName  sw \"J\" and Emails[TYPE eq \"work\"]"),
            ("sortBy", "Name.familyName"),
            ("attributes", "userName,Emails"),
        ];
        let next = [
            ("cursor", "abc"),
            ("filter", "username sw \"J\" and (emails[type eq \"work\"])"),
            ("sortBy", "name.familyname"),
            ("sortOrder", "ascending"),
            ("attributes", "emails,username"),
        ];
        let asked = pairs(&first).expect("a query").question();
        assert_eq!(pairs(&next).expect("a query").question(), asked);
        let body = json!({
            "filter": first[0].1, "sortBy": first[1].1, "attributes": ["emails", "userName"], "cursor": "abc",
        });
        assert_eq!(search(body).expect("a query").question(), asked);
        for (name, other) in [
            ("filter", "userName sw \"j\" and emails[type eq \"work\"]"),
            ("filter", ""),
            ("sortBy", "userName"),
            ("sortBy", ""),
            ("sortOrder", "descending"),
            ("attributes", "userName"),
            ("attributes", ""),
            ("excludedAttributes", "emails"),
        ] {
            let mut pairs: Vec<_> = next.to_vec();
            pairs.retain(|(there, _)| *there != name);
            if !other.is_empty() {
                pairs.push((name, other));
            }
            assert_ne!(self::pairs(&pairs).expect(other).question(), asked, "{name}={other}");
        }
    }
}
