//! The two items of one membership.

use aws_sdk_dynamodb::types::{
    AttributeValue, DeleteRequest, PutRequest, ReturnConsumedCapacity::Total, ReturnValue, WriteRequest,
};
use scim::ResourceId;

use super::Member;
use crate::{
    Directory, Error, Scope,
    expression::Change,
    keys::{self, Key},
    record::{kind, text},
    retry::while_contended,
    update::Written,
};

/// The items under the group and under the member.
pub(super) fn ends(scope: &Scope, group: &ResourceId, member: &ResourceId) -> [Key; 2] {
    [
        Key::new(keys::members(&scope.tenant, group), member.as_str()),
        Key::new(keys::memberships(&scope.tenant, member), group.as_str()),
    ]
}

impl Directory {
    /// Makes `member` one of the group's; whether that changed what the group shows.
    ///
    /// Both items are written even where one is there: a membership that had lost its other half is whole
    /// again after it.
    pub(super) async fn join(
        &self,
        scope: &Scope,
        group: &ResourceId,
        member: &Member,
    ) -> Result<bool, Error> {
        let [of_group, of_member] = ends(scope, group, &member.id);
        let display =
            member.display.clone().map(|display| ("display".to_owned(), AttributeValue::S(display)));
        let of_group = Change::new(of_group).set(kind("Member")).set(display);
        let of_member = Change::new(of_member).set(kind("Member"));
        // Not `try_join`: a write that was begun is waited for, so that its outcome is known.
        let (of_group, of_member) = futures::join!(
            self.write_one(scope, of_group, ReturnValue::UpdatedOld),
            self.write_one(scope, of_member, ReturnValue::None),
        );
        of_member?;
        Ok(match of_group? {
            Written::Done(before) => {
                before.is_empty()
                    || member.display.as_deref().is_some_and(|now| text(&before, "display") != Some(now))
            }
            Written::Refused(_) => false,
        })
    }

    /// Takes a member out of the group; whether it was one.
    pub(super) async fn leave(
        &self,
        scope: &Scope,
        group: &ResourceId,
        member: &ResourceId,
    ) -> Result<bool, Error> {
        let [of_group, of_member] = ends(scope, group, member);
        let (of_group, of_member) =
            futures::join!(self.delete_one(scope, &of_group), self.delete_one(scope, &of_member));
        of_member?;
        of_group
    }

    /// Deletes an item; whether it was there.
    pub(crate) async fn delete_one(&self, scope: &Scope, key: &Key) -> Result<bool, Error> {
        let call = self
            .client
            .delete_item()
            .table_name(&*self.table)
            .set_key(Some(key.attributes()))
            .return_values(ReturnValue::AllOld)
            .return_consumed_capacity(Total);
        let answer = while_contended(&scope.usage, || call.clone().send()).await.map_err(Error::from_sdk)?;
        scope.usage.write(answer.consumed_capacity());
        Ok(answer.attributes.is_some_and(|item| !item.is_empty()))
    }
}

/// Requests that write a membership whole.
pub(super) fn puts(scope: &Scope, group: &ResourceId, member: &Member) -> Result<[WriteRequest; 2], Error> {
    let [of_group, of_member] = ends(scope, group, &member.id);
    let put = |key: Key, display: Option<&String>| {
        let mut item = key.attributes();
        item.extend(kind("Member"));
        item.extend(display.map(|display| ("display".to_owned(), AttributeValue::S(display.clone()))));
        let request = PutRequest::builder().set_item(Some(item)).build();
        request
            .map(|request| WriteRequest::builder().put_request(request).build())
            .map_err(|error| Error::Unavailable(Box::new(error)))
    };
    Ok([put(of_group, member.display.as_ref())?, put(of_member, None)?])
}

/// Requests that delete a membership whole.
pub(super) fn deletes(
    scope: &Scope,
    group: &ResourceId,
    member: &ResourceId,
) -> Result<[WriteRequest; 2], Error> {
    let delete = |key: Key| {
        let request = DeleteRequest::builder().set_key(Some(key.attributes())).build();
        request
            .map(|request| WriteRequest::builder().delete_request(request).build())
            .map_err(|error| Error::Unavailable(Box::new(error)))
    };
    let [of_group, of_member] = ends(scope, group, member);
    Ok([delete(of_group)?, delete(of_member)?])
}
