//! Columns of a flat table, named by SCIM paths: `userName`, `name.givenName`, `emails[type eq "work"].value`.

use anyhow::{Context, Result, anyhow, bail};
use scim::{
    Object, ResourceType,
    filter::{Filter, Operator, PatchPath, parse_path},
    members::MEMBERS,
    resource_type::Target,
    schema::{Attribute, Mutability, Type},
};
use serde_json::{Value, json};

/// A column: one attribute, or a part of it.
#[derive(Debug, Clone)]
pub(crate) struct Column {
    /// The path as a PATCH would have it, in the schema's spelling.
    pub(crate) path: String,
    /// The extension's URN.
    extension: Option<String>,
    attribute: Attribute,
    /// Which element of a plural attribute: what its sub-attributes are.
    element: Vec<(String, Value)>,
    sub_attribute: Option<Attribute>,
}

impl Column {
    /// The column of this name, for resources of a type.
    pub(crate) fn parse(text: &str, resource_type: &ResourceType) -> Result<Self> {
        let parsed = parse_path(text.trim()).map_err(|error| anyhow!("column {text}: {}", error.detail()))?;
        let PatchPath { attribute: path, filter, sub_attribute: behind } = &parsed;
        let unknown = || format!("column {text}: no schema of {} defines it", resource_type.name);
        let target = resource_type.resolve(path).with_context(unknown)?;
        let Target::Attribute { extension, attribute, sub_attribute } = target else {
            bail!("column {text} is a whole extension: name its attributes, {text}:NAME");
        };
        let sub_attribute = match behind {
            Some(name) => Some(attribute.sub_attribute(name).with_context(unknown)?),
            None => sub_attribute,
        };
        if attribute.is_plural() && sub_attribute.is_some() && filter.is_none() {
            bail!("column {text}: {0} has several values, say which: {0}[type eq \"work\"]", attribute.name);
        }
        let mut element = Vec::new();
        if let Some(filter) = filter {
            gather(filter, attribute, &mut element).with_context(|| format!("column {text}"))?;
        }
        let mut name = Target::Attribute { extension, attribute, sub_attribute: None }.to_string();
        if filter.is_some() {
            let conditions = element.iter().map(|(name, value)| format!("{name} eq {value}"));
            name = format!("{name}[{}]", conditions.collect::<Vec<_>>().join(" and "));
        }
        let path = sub_attribute.map_or_else(|| name.clone(), |sub| format!("{name}.{}", sub.name));
        Ok(Self {
            path,
            extension: extension.map(|schema| schema.id.clone()),
            attribute: attribute.clone(),
            element,
            sub_attribute: sub_attribute.cloned(),
        })
    }

    /// Where it stands among others, as the schemas have their attributes.
    pub(crate) fn rank(&self, resource_type: &ResourceType) -> impl Ord + use<> {
        let place = |all: &[Attribute], name: &str| all.iter().position(|it| it.name == name);
        let extension = self.extension.as_deref().and_then(|urn| resource_type.extension(urn));
        let number =
            resource_type.extensions.iter().position(|it| Some(&it.schema.id) == self.extension.as_ref());
        let schema = extension.map_or(&resource_type.schema, |extension| &extension.schema);
        let sub =
            self.sub_attribute.as_ref().and_then(|sub| place(&self.attribute.sub_attributes, &sub.name));
        let which = self.element.iter().map(|(name, value)| {
            let known = self.attribute.sub_attribute(name).map(|sub| &sub.canonical_values);
            let place =
                known.and_then(|known| known.iter().position(|one| Some(one.as_str()) == value.as_str()));
            (place.unwrap_or(usize::MAX), value.to_string())
        });
        let which = which.collect::<Vec<_>>();
        (number, place(&schema.attributes, &self.attribute.name), which, sub)
    }

    /// Whether nobody can write it: `id`, `meta.created`, `groups`.
    pub(crate) fn is_read_only(&self) -> bool {
        let sub = self.sub_attribute.as_ref().is_some_and(|it| it.mutability == Mutability::ReadOnly);
        self.attribute.mutability == Mutability::ReadOnly || self.attribute.name == "schemas" || sub
    }

    /// Whether it can be written and is never shown: `password`.
    pub(crate) fn is_write_only(&self) -> bool {
        self.attribute.mutability == Mutability::WriteOnly
    }

    /// Whether it is who is in a group.
    pub(crate) fn is_members(&self) -> bool {
        self.path == MEMBERS
    }

    /// The value that a cell says, of the attribute's type.
    pub(crate) fn value(&self, cell: &str) -> Result<Value> {
        let leaf = self.sub_attribute.as_ref().unwrap_or(&self.attribute);
        let is_several = leaf.multi_valued && self.element.is_empty();
        if is_several || leaf.kind == Type::Complex {
            if cell.trim_start().starts_with(['[', '{']) {
                return serde_json::from_str(cell).with_context(|| format!("{}: it is no JSON", self.path));
            }
            if is_several && (leaf.kind != Type::Complex || self.is_members()) {
                let lines = cell.lines().map(str::trim).filter(|line| !line.is_empty());
                let values = lines.map(|line| self.single(leaf.kind, line)).collect::<Result<Vec<_>>>()?;
                return Ok(Value::Array(values));
            }
            bail!("{}: expected JSON", self.path);
        }
        self.single(leaf.kind, cell)
    }

    fn single(&self, kind: Type, text: &str) -> Result<Value> {
        let expected = |what: &str| format!("{}: expected {what}, got {text:?}", self.path);
        Ok(match kind {
            Type::Boolean => {
                Value::Bool(text.trim().to_lowercase().parse().with_context(|| expected("true or false"))?)
            }
            Type::Integer => json!(text.trim().parse::<i64>().with_context(|| expected("a whole number"))?),
            Type::Decimal => {
                let number: serde_json::Number =
                    serde_json::from_str(text.trim()).with_context(|| expected("a number"))?;
                Value::Number(number)
            }
            _ => Value::from(text),
        })
    }

    /// Puts a value into a resource that is being put together.
    pub(crate) fn put(&self, resource: &mut Object, value: Value) {
        let fields = match &self.extension {
            None => Some(resource),
            Some(urn) => resource.entry(urn.clone()).or_insert_with(|| json!({})).as_object_mut(),
        };
        let Some(fields) = fields else { return };
        let Attribute { name, .. } = &self.attribute;
        let holder = if self.element.is_empty() {
            let Some(sub) = &self.sub_attribute else {
                fields.insert(name.clone(), value);
                return;
            };
            (fields.entry(name.clone()).or_insert_with(|| json!({})), sub)
        } else {
            let elements = fields.entry(name.clone()).or_insert_with(|| json!([]));
            let Value::Array(elements) = elements else { return };
            let at = elements.iter().position(|element| self.is_it(element)).unwrap_or_else(|| {
                elements.push(self.element.iter().cloned().collect::<Object>().into());
                elements.len() - 1
            });
            let Some(sub) = &self.sub_attribute else { return };
            (&mut elements[at], sub)
        };
        if let (Value::Object(fields), sub) = holder {
            fields.insert(sub.name.clone(), value);
        }
    }

    /// What a resource has there.
    pub(crate) fn get<'a>(&self, resource: &'a Object) -> Option<&'a Value> {
        let fields = match &self.extension {
            None => resource,
            Some(urn) => resource.get(urn)?.as_object()?,
        };
        let mut value = fields.get(&self.attribute.name)?;
        if !self.element.is_empty() {
            value = value.as_array()?.iter().find(|element| self.is_it(element))?;
        }
        match &self.sub_attribute {
            Some(sub) => value.get(&sub.name),
            None => Some(value),
        }
    }

    fn is_it(&self, element: &Value) -> bool {
        self.element.iter().all(|(name, value)| {
            let there = element.get(name);
            match (there.and_then(Value::as_str), value.as_str()) {
                (Some(there), Some(value)) => there.eq_ignore_ascii_case(value),
                _ => there == Some(value),
            }
        })
    }
}

/// What a filter says the sub-attributes of an element are.
fn gather(filter: &Filter, attribute: &Attribute, found: &mut Vec<(String, Value)>) -> Result<()> {
    match filter {
        Filter::And(all) => all.iter().try_for_each(|one| gather(one, attribute, found)),
        Filter::Compare { path, operator: Operator::Eq, value } => {
            let sub = attribute.sub_attribute(&path.attribute);
            let sub = sub.with_context(|| format!("{} has no {}", attribute.name, path.attribute))?;
            found.push((sub.name.clone(), value.clone()));
            Ok(())
        }
        _ => bail!("only eq and and can say which value is meant"),
    }
}

/// A value as a cell.
pub(crate) fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(values) => lines(values).unwrap_or_else(|| value.to_string()),
        other => other.to_string(),
    }
}

/// Plain texts, one a line; `None` for what would not be read again so.
fn lines(values: &[Value]) -> Option<String> {
    let texts: Option<Vec<_>> = values.iter().map(Value::as_str).collect();
    let texts = texts.filter(|texts| texts.iter().all(|text| is_line(text)))?;
    let is_plain = texts.first().is_some_and(|first| !first.starts_with(['[', '{']));
    is_plain.then(|| texts.join("\n"))
}

fn is_line(text: &str) -> bool {
    !text.is_empty() && text.trim() == text && !text.contains(['\n', '\r'])
}

/// A resource as cells, each with the path of its column, in the order of the resource.
pub(crate) fn flatten(resource: &Object, resource_type: &ResourceType) -> Vec<(String, Value)> {
    let mut cells = Vec::new();
    for (name, value) in resource.iter().filter(|(name, _)| *name != "schemas") {
        match resource_type.extension(name) {
            Some(_) => {
                for (inner, value) in value.as_object().into_iter().flatten() {
                    flatten_attribute(&format!("{name}:{inner}"), value, &mut cells);
                }
            }
            None => flatten_attribute(name, value, &mut cells),
        }
    }
    cells
}

fn flatten_attribute(path: &str, value: &Value, cells: &mut Vec<(String, Value)>) {
    match value {
        Value::Object(fields) => {
            cells.extend(fields.iter().map(|(sub, value)| (format!("{path}.{sub}"), value.clone())));
        }
        Value::Array(elements) if path != MEMBERS && are_told_apart(elements) => {
            for element in elements.iter().filter_map(Value::as_object) {
                let which = element.get("type").map(ToString::to_string).unwrap_or_default();
                let parts = element.iter().filter(|(name, _)| *name != "type");
                cells.extend(
                    parts.map(|(sub, value)| (format!("{path}[type eq {which}].{sub}"), value.clone())),
                );
            }
        }
        other => cells.push((path.to_owned(), other.clone())),
    }
}

/// Whether each element has a type of its own and something else that fits a cell.
fn are_told_apart(elements: &[Value]) -> bool {
    let kind = |element: &Value| Some(element.get("type")?.as_str()?.to_lowercase());
    elements.iter().enumerate().all(|(at, element)| {
        let Some(own) = kind(element).filter(|own| !own.is_empty()) else { return false };
        let fields = element.as_object().into_iter().flatten();
        let fits = fields.clone().all(|(_, value)| !value.is_array() && !value.is_object());
        fits && fields.count() > 1 && !elements[..at].iter().any(|before| kind(before) == Some(own.clone()))
    })
}

#[cfg(test)]
mod tests {
    use scim::resource_type::{GROUPS, USERS};

    use super::*;

    fn check(resource: Value, expected: &[(&str, &str)]) {
        let Value::Object(resource) = resource else { panic!("an object") };
        let cells: Vec<_> =
            flatten(&resource, &USERS).into_iter().map(|(path, value)| (path, cell(&value))).collect();
        let told: Vec<_> = cells.iter().map(|(path, cell)| (path.as_str(), cell.as_str())).collect();
        assert_eq!(told, expected);
        let mut again = Object::new();
        for (path, cell) in &cells {
            let column = Column::parse(path, &USERS).expect(path);
            assert_eq!(column.path, *path);
            let value = column.value(cell).expect(cell);
            column.put(&mut again, value.clone());
            assert_eq!(column.get(&again), Some(&value), "{path}");
        }
        assert_eq!(again, resource);
    }

    #[test]
    fn a_resource_is_flat_and_whole_again() {
        check(
            json!({
                "userName": "ann", "active": true, "name": { "givenName": "Ann" },
                "emails": [
                    { "value": "a@x", "type": "work", "primary": true }, { "value": "b@x", "type": "home" }
                ],
                "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {
                    "department": "Tours", "manager": { "value": "7" }
                }
            }),
            &[
                ("active", "true"),
                (r#"emails[type eq "work"].primary"#, "true"),
                (r#"emails[type eq "work"].value"#, "a@x"),
                (r#"emails[type eq "home"].value"#, "b@x"),
                ("name.givenName", "Ann"),
                ("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department", "Tours"),
                ("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value", "7"),
                ("userName", "ann"),
            ],
        );
    }

    #[test]
    fn values_that_a_type_does_not_tell_apart_are_json_in_one_cell() {
        let twice = json!([{ "value": "a@x", "type": "work" }, { "value": "b@x", "type": "Work" }]);
        check(json!({ "emails": twice.clone() }), &[("emails", &twice.to_string())]);
        check(json!({ "emails": [{ "value": "a@x" }] }), &[("emails", r#"[{"value":"a@x"}]"#)]);
    }

    #[test]
    fn several_texts_are_lines_where_they_can_be_read_again() {
        assert_eq!(cell(&json!(["ann", "bea"])), "ann\nbea");
        assert_eq!(cell(&json!(["ann\nbea", "c"])), r#"["ann\nbea","c"]"#);
        assert_eq!(cell(&json!(["[x"])), r#"["[x"]"#);
        let members = Column::parse("members", &GROUPS).expect("members");
        assert_eq!(members.value("ann\n group:Tours \n\n").expect("lines"), json!(["ann", "group:Tours"]));
    }

    #[test]
    fn what_no_schema_has_is_no_column() {
        for (text, expected) in [
            ("nickname.x", "no schema of User defines it"),
            ("emails.value", "has several values, say which"),
            ("emails[value co \"x\"].value", "column emails"),
            ("emails[", "Bad path"),
            ("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User", "is a whole extension"),
        ] {
            let error = Column::parse(text, &USERS).expect_err(text).to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
        assert!(Column::parse("ID", &USERS).expect("id").is_read_only());
        assert!(Column::parse("password", &USERS).expect("password").is_write_only());
        let active = Column::parse("active", &USERS).expect("active");
        assert_eq!(active.value("TRUE").expect("a boolean"), json!(true));
        assert!(active.value("perhaps").is_err());
    }
}
