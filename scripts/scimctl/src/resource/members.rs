//! Members of groups, by names that mean the same in another tenant: `userName`, or `group:` and a `displayName`.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::Result;
use directory::Member;
use scim::{
    Kind, ResourceId,
    resource_type::{GROUPS, USERS},
};
use serde_json::{Value, json};

use super::{Desk, matching::Match};

/// What a group's name has in front of it, where users are named too.
const GROUP: &str = "group:";

/// A member that a row names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Named {
    /// Its id in the tenant the row was written in.
    id: Option<ResourceId>,
    /// What it is called.
    name: Option<String>,
    is_group: bool,
    display: Option<String>,
}

/// A member that a row names and that is not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unknown {
    /// The name of a group, which may be made yet.
    pub(crate) group: Option<String>,
    /// What to tell.
    pub(crate) detail: String,
}

/// Ids of names that were looked up, and names of ids.
#[derive(Debug, Default)]
pub(crate) struct Names {
    ids: Mutex<HashMap<(bool, String), ResourceId>>,
    names: Mutex<HashMap<ResourceId, String>>,
}

impl Named {
    /// What a row says: an id, a name, or both in an object.
    pub(crate) fn read(value: &Value) -> Result<Self, String> {
        let by_name = |text: &str| match text.strip_prefix(GROUP) {
            Some(name) => (Some(name.to_owned()), true),
            None => (Some(text.to_owned()), false),
        };
        match value {
            Value::String(text) => {
                let id = ResourceId::parse(text);
                let (name, is_group) = if id.is_some() { (None, false) } else { by_name(text) };
                Ok(Self { id, name, is_group, display: None })
            }
            Value::Object(fields) => {
                let text = |name: &str| fields.get(name).and_then(Value::as_str);
                let id = text("value").and_then(ResourceId::parse);
                let is_group = match text("type") {
                    Some(kind) => kind.eq_ignore_ascii_case(&GROUPS.name),
                    None => id.as_ref().is_some_and(|id| id.kind() == Kind::Group),
                };
                let name = text("name").map(str::to_owned);
                if id.is_none() && name.is_none() {
                    return Err(format!("members: neither an id as value nor a name in {value}"));
                }
                Ok(Self { id, name, is_group, display: text("display").map(str::to_owned) })
            }
            other => Err(format!("members: expected a name, an id or an object, got {other}")),
        }
    }
}

impl Named {
    /// Whether it is a group of one of these names.
    pub(crate) fn is_group_of(&self, names: &HashSet<String>) -> bool {
        self.is_group && self.name.as_ref().is_some_and(|name| names.contains(name))
    }
}

/// A member as an export writes it down.
pub(crate) fn written(member: &Member, names: &HashMap<ResourceId, String>) -> Value {
    let is_group = member.id.kind() == Kind::Group;
    let mut value = json!({
        "value": member.id.as_str(), "type": if is_group { &GROUPS.name } else { &USERS.name },
    });
    if let Some(display) = &member.display {
        value["display"] = display.as_str().into();
    }
    if let Some(name) = names.get(&member.id) {
        value["name"] = name.as_str().into();
    }
    value
}

/// A member that an export has written down, as one line of a cell.
pub(crate) fn line(value: &Value) -> Value {
    let text = |name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default();
    let (id, name) = (text("value"), text("name"));
    let is_group = text("type") == GROUPS.name;
    // A name that would be read as something else, or not at all, gives way to the id.
    let is_clear = !name.trim().is_empty() && name.trim() == name && ResourceId::parse(name).is_none();
    match (is_clear, is_group) {
        (true, true) => format!("{GROUP}{name}").into(),
        (true, false) if !name.starts_with(GROUP) => name.into(),
        _ => id.into(),
    }
}

impl Names {
    /// What these are called, of those that exist.
    pub(crate) async fn of(&self, desk: &Desk, members: &[Member]) -> Result<HashMap<ResourceId, String>> {
        let (mut known, missing): (HashMap<_, _>, Vec<_>) = {
            let names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
            let ids = members.iter().map(|member| &member.id);
            let known = ids.clone().filter_map(|id| Some((id.clone(), names.get(id)?.clone()))).collect();
            (known, ids.filter(|id| !names.contains_key(*id)).cloned().collect())
        };
        if !missing.is_empty() {
            let scope = desk.operator.scope().await?;
            let found = desk.directory.names(&scope, &missing).await?;
            self.names.lock().unwrap_or_else(PoisonError::into_inner).extend(found.clone());
            known.extend(found);
        }
        Ok(known)
    }

    /// The members that a row names, as they are in this tenant; or those that are not.
    pub(crate) async fn resolve(
        &self,
        desk: &Desk,
        named: &[Named],
    ) -> Result<Result<Vec<Member>, Vec<Unknown>>> {
        let scope = desk.operator.scope().await?;
        let ids: Vec<_> = named.iter().filter_map(|it| it.id.clone()).collect();
        let gone: HashSet<_> = desk.directory.missing(&scope, &ids).await?.into_iter().collect();
        let (mut members, mut unknown) = (Vec::with_capacity(named.len()), Vec::new());
        let mut seen = HashSet::new();
        for Named { id, name, is_group, display } in named {
            let own = id.clone().filter(|id| !gone.contains(id));
            let found = match (own, name) {
                (Some(id), _) => Some(id),
                (None, Some(name)) => match self.look_up(desk, *is_group, name).await? {
                    Ok(found) => found,
                    Err(detail) => {
                        unknown.push(Unknown { group: None, detail });
                        continue;
                    }
                },
                (None, None) => None,
            };
            let Some(id) = found else {
                let text = name.clone().or_else(|| id.as_ref().map(ToString::to_string)).unwrap_or_default();
                let kind = if *is_group { "group" } else { "user" };
                let detail = format!("members: there is no {kind} {text}");
                unknown.push(Unknown { group: name.clone().filter(|_| *is_group), detail });
                continue;
            };
            if seen.insert(id.clone()) {
                members.push(Member { id, display: display.clone() });
            }
        }
        Ok(if unknown.is_empty() { Ok(members) } else { Err(unknown) })
    }

    async fn look_up(
        &self,
        desk: &Desk,
        is_group: bool,
        name: &str,
    ) -> Result<Result<Option<ResourceId>, String>> {
        let key = (is_group, name.to_owned());
        let known = self.ids.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        if known.is_some() {
            return Ok(Ok(known));
        }
        let (resource_type, by) = if is_group { (&GROUPS, "displayName") } else { (&USERS, "userName") };
        let there = Desk { resource_type: Arc::clone(resource_type), ..desk.clone() };
        let found = match there.having(by, &[name]).await? {
            Match::Several { ids, .. } => {
                return Ok(Err(format!("members: {} are called {name}", ids.join(", "))));
            }
            found => found.id().and_then(ResourceId::parse),
        };
        if let Some(id) = &found {
            self.ids.lock().unwrap_or_else(PoisonError::into_inner).insert(key, id.clone());
        }
        Ok(Ok(found))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANN: &str = "00000000-0000-4000-8000-000000000000";
    const TOURS: &str = "80000000-0000-4000-8000-000000000000";

    fn check(id: &str, name: Option<&str>, expected: &str) {
        let id = ResourceId::parse(id).expect("an id");
        let names = name.map(|name| (id.clone(), name.to_owned())).into_iter().collect();
        let value = written(&Member { id: id.clone(), display: Some("D".into()) }, &names);
        assert_eq!(line(&value), expected);
        let again = Named::read(&value).expect("a member");
        assert_eq!((again.id.as_ref(), again.name.as_deref()), (Some(&id), name));
        assert_eq!((again.is_group, again.display.as_deref()), (id.kind() == Kind::Group, Some("D")));
    }

    #[test]
    fn a_member_is_written_by_name_where_that_is_read_as_one() {
        check(ANN, Some("ann"), "ann");
        check(TOURS, Some("Tour guides"), "group:Tour guides");
        check(ANN, None, ANN);
        check(ANN, Some("group:x"), ANN);
        check(ANN, Some(TOURS), ANN);
    }

    #[test]
    fn a_line_is_an_id_a_user_or_a_group() {
        let read = |text: &str| Named::read(&json!(text)).expect("a member");
        assert_eq!(
            read(TOURS),
            Named { id: ResourceId::parse(TOURS), name: None, is_group: false, display: None }
        );
        assert_eq!(read("ann").name.as_deref(), Some("ann"));
        assert!(read("group:Tours").is_group);
        for odd in [json!(5), json!({ "display": "x" })] {
            assert!(Named::read(&odd).is_err(), "{odd}");
        }
    }
}
