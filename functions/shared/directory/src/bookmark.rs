//! Bookmarks: where a client that pages by `startIndex` goes on, so that each page costs the same and nobody is
//! missed or seen twice while others come and go.

use std::time::Duration;

use aws_sdk_dynamodb::types::{AttributeValue, ReturnConsumedCapacity::Total};
use scim::ResourceType;
use time::OffsetDateTime;

use crate::{
    Directory, Error, Position, Scope, keys,
    record::{kind, number, text},
    table::Item,
};

/// How long a client may take from one page to the next.
const KEPT: Duration = Duration::from_hours(1);

/// Which part of a crawl's indices goes on at a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bookmark {
    /// The first index that goes on there, from 1.
    pub start_index: u64,
    /// The last index that goes on there: beyond `start_index` at the end of the data, since a client advances
    /// by what it asked for, not by what it got.
    pub until: u64,
    /// The place.
    pub position: Position,
}

impl Directory {
    /// The nearest bookmark of this connector at or before `start_index`.
    ///
    /// # Errors
    ///
    /// [`Error::Busy`], [`Error::Unavailable`]
    pub async fn bookmark(
        &self,
        scope: &Scope,
        resource_type: &ResourceType,
        start_index: u64,
        now: OffsetDateTime,
    ) -> Result<Option<Bookmark>, Error> {
        let under_way = scope.usage.call();
        let query = self
            .client
            .query()
            .table_name(&*self.table)
            .key_condition_expression("pk = :pk AND sk <= :sk")
            .expression_attribute_values(":pk", AttributeValue::S(keys::bookmarks(scope, resource_type)))
            .expression_attribute_values(":sk", AttributeValue::S(keys::index(start_index)))
            .scan_index_forward(false)
            .limit(1)
            // The page before was served a moment ago.
            .consistent_read(true)
            .return_consumed_capacity(Total);
        let answer = query.send().await.map_err(Error::from_sdk)?;
        drop(under_way);
        scope.usage.read(answer.consumed_capacity());
        let item = answer.items.unwrap_or_default().into_iter().next();
        Ok(item
            .and_then(|item| read(&item))
            .filter(|(_, ends)| *ends > now.unix_timestamp())
            .map(|(found, _)| found))
    }

    /// Remembers where a crawl goes on.
    ///
    /// # Errors
    ///
    /// [`Error::Busy`], [`Error::Unavailable`]
    pub async fn put_bookmark(
        &self,
        scope: &Scope,
        resource_type: &ResourceType,
        bookmark: &Bookmark,
        now: OffsetDateTime,
    ) -> Result<(), Error> {
        let mut item =
            keys::Key::new(keys::bookmarks(scope, resource_type), keys::index(bookmark.start_index))
                .attributes();
        item.extend(kind("Bookmark"));
        item.extend([
            ("until".to_owned(), AttributeValue::N(bookmark.until.to_string())),
            ("position".to_owned(), AttributeValue::S(bookmark.position.to_string())),
            ("ttl".to_owned(), AttributeValue::N((now + KEPT).unix_timestamp().to_string())),
        ]);
        let _under_way = scope.usage.call();
        let put = self
            .client
            .put_item()
            .table_name(&*self.table)
            .set_item(Some(item))
            .return_consumed_capacity(Total);
        let answer = put.send().await.map_err(Error::from_sdk)?;
        scope.usage.write(answer.consumed_capacity());
        Ok(())
    }
}

/// A bookmark, and when it ends in seconds since 1970: the table deletes late.
fn read(item: &Item) -> Option<(Bookmark, i64)> {
    let bookmark = Bookmark {
        start_index: text(item, "sk")?.parse().ok()?,
        until: number(item, "until")?,
        position: Position::parse(text(item, "position")?)?,
    };
    Some((bookmark, i64::try_from(number(item, "ttl")?).ok()?))
}
