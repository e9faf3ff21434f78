//! Conditions and changes in DynamoDB's expression language.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

use crate::keys::Key;

/// What must hold for a put or a delete.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Condition<'a> {
    /// Nothing.
    None,
    /// The item exists.
    Present,
    /// The item does not exist.
    Absent,
    /// The lookup item does not exist, or belongs to the record of this id.
    AbsentOrOf(&'a str),
    /// The record is at this revision.
    Revision(u64),
    /// The item's document is this one.
    Document(&'a AttributeValue),
}

impl Condition<'_> {
    pub(crate) fn expression(self) -> Option<String> {
        let expression = match self {
            Self::None => return None,
            Self::Present => "attribute_exists(pk)",
            Self::Absent => "attribute_not_exists(pk)",
            Self::AbsentOrOf(_) => "attribute_not_exists(pk) OR id = :own",
            Self::Revision(_) => "rev = :expected",
            Self::Document(_) => "doc = :document",
        };
        Some(expression.to_owned())
    }

    pub(crate) fn values(self) -> Option<HashMap<String, AttributeValue>> {
        match self {
            Self::None | Self::Present | Self::Absent => None,
            Self::AbsentOrOf(id) => {
                Some(HashMap::from([(":own".to_owned(), AttributeValue::S(id.to_owned()))]))
            }
            Self::Document(document) => Some(HashMap::from([(":document".to_owned(), document.clone())])),
            Self::Revision(revision) => {
                Some(HashMap::from([(":expected".to_owned(), AttributeValue::N(revision.to_string()))]))
            }
        }
    }
}

/// An update of one item. Every attribute is a placeholder, for many names are reserved words.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    pub(crate) key: Key,
    pub(crate) condition: Option<String>,
    pub(crate) names: HashMap<String, String>,
    pub(crate) values: HashMap<String, AttributeValue>,
    set: Vec<String>,
    remove: Vec<String>,
    add: Vec<String>,
}

impl Change {
    pub(crate) fn new(key: Key) -> Self {
        Self {
            key,
            condition: None,
            names: HashMap::new(),
            values: HashMap::new(),
            set: Vec::new(),
            remove: Vec::new(),
            add: Vec::new(),
        }
    }

    /// Sets attributes.
    pub(crate) fn set(mut self, attributes: impl IntoIterator<Item = (String, AttributeValue)>) -> Self {
        for (name, value) in attributes {
            self.set.push(format!("#{name} = :{name}"));
            self.value(&name, value);
        }
        self
    }

    /// Adds to a number; an attribute that is not there counts as 0.
    pub(crate) fn add(mut self, name: &str, number: i8) -> Self {
        self.add.push(format!("#{name} :{name}"));
        self.value(name, AttributeValue::N(number.to_string()));
        self
    }

    /// Removes an attribute.
    pub(crate) fn remove(mut self, name: &str) -> Self {
        self.remove.push(format!("#{name}"));
        self.names.insert(format!("#{name}"), name.to_owned());
        self
    }

    /// Only if the item exists.
    pub(crate) fn if_present(mut self) -> Self {
        self.condition = Some("attribute_exists(pk)".to_owned());
        self
    }

    /// Only if the record is at this revision.
    pub(crate) fn if_revision(mut self, revision: u64) -> Self {
        let condition = Condition::Revision(revision);
        self.condition = condition.expression();
        self.values.extend(condition.values().unwrap_or_default());
        self
    }

    /// Only if `condition` holds; the attributes it names as `#name`, the values it names as they are given.
    pub(crate) fn when(
        mut self,
        condition: &str,
        names: &[&str],
        values: impl IntoIterator<Item = (&'static str, AttributeValue)>,
    ) -> Self {
        self.condition = Some(match self.condition.take() {
            Some(before) => format!("({before}) AND ({condition})"),
            None => condition.to_owned(),
        });
        self.names.extend(names.iter().map(|name| (format!("#{name}"), (*name).to_owned())));
        self.values.extend(values.into_iter().map(|(name, value)| (name.to_owned(), value)));
        self
    }

    /// Sets one entry of an attribute that is a map.
    pub(crate) fn set_in(mut self, map: &str, entry: &str, value: AttributeValue) -> Self {
        self.set.push(format!("#{map}.#{entry} = :{map}_{entry}"));
        self.names.extend([map, entry].map(|name| (format!("#{name}"), name.to_owned())));
        self.values.insert(format!(":{map}_{entry}"), value);
        self
    }

    /// The update expression.
    pub(crate) fn expression(&self) -> String {
        [("SET", &self.set), ("REMOVE", &self.remove), ("ADD", &self.add)]
            .into_iter()
            .filter(|(_, clauses)| !clauses.is_empty())
            .map(|(verb, clauses)| format!("{verb} {}", clauses.join(", ")))
            .collect::<Vec<_>>()
            .join(" ")
    }

    fn value(&mut self, name: &str, value: AttributeValue) {
        self.names.insert(format!("#{name}"), name.to_owned());
        self.values.insert(format!(":{name}"), value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_one_expression() {
        let key = Key::new("p".to_owned(), "s");
        let change = Change::new(key).set([("by".to_owned(), AttributeValue::S("okta".to_owned()))]);
        let change = change.add("rev", 1).remove("keys").if_revision(7);
        assert_eq!(change.expression(), "SET #by = :by REMOVE #keys ADD #rev :rev");
        assert_eq!(change.condition.as_deref(), Some("rev = :expected"));
        assert_eq!(change.values[":expected"], AttributeValue::N("7".to_owned()));
        assert_eq!(change.names["#keys"], "keys");
    }
}
