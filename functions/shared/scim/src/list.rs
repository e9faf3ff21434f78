//! Queries and their answers (RFC 7644 §3.4.2): the parameters, and the `ListResponse` message.

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

/// A query, its parameters checked and in bounds.
#[derive(Debug, Clone, Default)]
pub struct ListQuery {
    /// The filter, parsed.
    pub filter: Option<Filter>,
    /// Place of the first resource wanted, from 1.
    pub start_index: usize,
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
    /// [`ErrorKind::InvalidFilter`] for the filter, [`ErrorKind::InvalidValue`] naming any other parameter.
    pub fn from_pairs(pairs: &[(String, String)]) -> Result<Self, Error> {
        // Entra's inbound collection writes `startindex`.
        let text = |name: &str| {
            pairs.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
        };
        let number = |name: &str| match text(name).map(str::trim) {
            None | Some("") => Ok(None),
            Some(value) => {
                value.parse::<i64>().map(Some).map_err(|_| expected(name, "a whole number", &quoted(value)))
            }
        };
        Self::new(
            text("filter"),
            number("startIndex")?,
            number("count")?,
            text("sortBy"),
            text("sortOrder"),
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
    /// [`ErrorKind::InvalidSyntax`] when the body is no `SearchRequest`; otherwise as [`Self::from_pairs`].
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
        let mut number = |name: &str| match take(&mut body, name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => {
                value.as_i64().map(Some).ok_or_else(|| expected(name, "a whole number", json_type(&value)))
            }
        };
        let (start_index, count) = (number("startIndex")?, number("count")?);
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
        Self::new(
            filter.as_deref(),
            start_index,
            count,
            sort_by.as_deref(),
            sort_order.as_deref(),
            projection,
        )
    }

    fn new(
        filter: Option<&str>,
        start_index: Option<i64>,
        count: Option<i64>,
        sort_by: Option<&str>,
        sort_order: Option<&str>,
        projection: Projection,
    ) -> Result<Self, Error> {
        let whole = |number: i64, least: i64| usize::try_from(number.max(least)).unwrap_or(usize::MAX);
        Ok(Self {
            filter: filter.map(filter::parse).transpose()?,
            start_index: whole(start_index.unwrap_or(1), 1),
            count: count.map_or(DEFAULT_COUNT, |count| whole(count, 0)).min(MOST_COUNT),
            sort_by: sort_by.map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned),
            sort_order: sort_order
                .map(str::trim)
                .filter(|order| !order.is_empty())
                .map_or(Ok(Order::Ascending), Order::parse)?,
            projection,
        })
    }
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
