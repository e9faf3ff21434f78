//! A batch of which a part is done.

use aws_smithy_runtime_api::client::{
    http::SharedHttpConnector,
    orchestrator::{HttpRequest, HttpResponse},
    result::ConnectorError,
};
use serde_json::{Map, Value, json};

use crate::{answer, request::Request, wire::Wire};

impl Wire {
    /// Does a batch but for the items whose places `is_left`, counted over all tables; the answer names those.
    pub(super) async fn without(
        &self,
        is_left: impl Fn(usize) -> bool,
        mut request: Request,
        http: HttpRequest,
        inner: &SharedHttpConnector,
    ) -> Result<HttpResponse, ConnectorError> {
        let name = if request.operation() == "BatchGetItem" { "UnprocessedKeys" } else { "UnprocessedItems" };
        let tables = &mut request.body_mut()["RequestItems"];
        let left = take(tables, is_left);
        if tables.as_object().is_none_or(Map::is_empty) {
            return answer::made(200, json!({ name: left }).to_string());
        }
        let answer = self.pass(&request, http, inner).await?;
        answer::changed(answer, |body| add(body, name, left)).await
    }
}

/// Takes the items whose places `is_left` out of a batch's tables.
fn take(tables: &mut Value, is_left: impl Fn(usize) -> bool) -> Map<String, Value> {
    let (mut taken, mut place) = (Map::new(), 0..);
    let Some(tables) = tables.as_object_mut() else { return taken };
    for (table, part) in tables.iter_mut() {
        let mut rest = part.clone();
        let Some((items, others)) = entries(part).zip(entries(&mut rest)) else { continue };
        let (left, kept): (Vec<_>, Vec<_>) =
            std::mem::take(items).into_iter().zip(place.by_ref()).partition(|(_, place)| is_left(*place));
        *items = kept.into_iter().map(|(item, _)| item).collect();
        *others = left.into_iter().map(|(item, _)| item).collect();
        if !others.is_empty() {
            taken.insert(table.clone(), rest);
        }
    }
    tables.retain(|_, part| entries(part).is_some_and(|items| !items.is_empty()));
    taken
}

/// The items of a batch's part for one table: a list itself, or that of its keys.
fn entries(part: &mut Value) -> Option<&mut Vec<Value>> {
    match part {
        Value::Array(items) => Some(items),
        Value::Object(read) => read.get_mut("Keys")?.as_array_mut(),
        _ => None,
    }
}

/// Names what was left beside what the engine itself has left.
fn add(body: &mut Value, name: &str, left: Map<String, Value>) {
    if !body[name].is_object() {
        body[name] = json!({});
    }
    for (table, mut part) in left {
        let there = &mut body[name][&table];
        if there.is_null() {
            *there = part;
        } else if let Some((there, part)) = entries(there).zip(entries(&mut part)) {
            there.append(part);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_is_named_with_how_it_was_to_be_read() {
        let mut tables = json!({ "t": { "Keys": [1, 2, 3], "ConsistentRead": true } });
        let left = take(&mut tables, |place| place == 1);
        assert_eq!(tables, json!({ "t": { "Keys": [1, 3], "ConsistentRead": true } }));
        assert_eq!(Value::from(left.clone()), json!({ "t": { "Keys": [2], "ConsistentRead": true } }));
        let mut answer = json!({ "UnprocessedKeys": { "t": { "Keys": [3], "ConsistentRead": true } } });
        add(&mut answer, "UnprocessedKeys", left);
        assert_eq!(answer["UnprocessedKeys"]["t"]["Keys"], json!([3, 2]));
    }

    #[test]
    fn a_table_of_which_all_is_left_is_not_asked() {
        let mut tables = json!({ "a": [1, 2], "b": [3] });
        let left = take(&mut tables, |place| place < 2);
        assert_eq!((tables, Value::from(left)), (json!({ "b": [3] }), json!({ "a": [1, 2] })));
    }
}
