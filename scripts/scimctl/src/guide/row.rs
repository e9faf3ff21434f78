//! The attributes of a tenant, as an identity provider is to map them.

use std::{collections::HashSet, sync::LazyLock};

use scim::{
    ResourceType,
    path::AttributePath,
    resource_type::Target,
    schema::{Attribute, ENTERPRISE_USER, Kept, Mutability, Schema, Type},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::provider::Provider;

/// How an attribute is mapped: what is typed in, and where.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "they are the boxes to tick in a form")]
pub(crate) struct Row {
    /// The attribute by its whole name: an Entra target attribute.
    pub(crate) target: String,
    /// Its name inside its schema, in Okta's spelling.
    pub(crate) external_name: String,
    /// Its schema's URN.
    pub(crate) external_namespace: String,
    /// What Okta calls it in people's sight.
    pub(crate) display_name: String,
    /// What Okta calls it in expressions.
    pub(crate) variable: String,
    /// The type, in the identity provider's word.
    #[serde(rename = "type")]
    pub(crate) kind: &'static str,
    pub(crate) multi_valued: bool,
    pub(crate) case_exact: bool,
    pub(crate) required: bool,
    pub(crate) mutability: &'static str,
    /// What the service gives where a write would leave it blank.
    pub(crate) default: Option<Value>,
    /// The only values there are; empty where any will do.
    pub(crate) allowed: Vec<String>,
    /// How the value is made: `Direct`, `Expression`, `Constant` or `None`.
    pub(crate) mapping: &'static str,
    /// The value, in the identity provider's own language.
    pub(crate) value: String,
    /// Whether it is mapped when a user is made only, so that what is set here by hand stays.
    pub(crate) on_create: bool,
    /// Its place among the attributes by which users are matched.
    pub(crate) precedence: Option<u8>,
    /// Whether a new application has it already.
    pub(crate) built_in: bool,
    /// Whether the service can do without it, and most tenants do.
    pub(crate) optional: bool,
    pub(crate) note: String,
}

/// What is known of a well-known attribute.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Source {
    /// As Entra writes it, without URN.
    path: String,
    okta: Option<Origin>,
    entra: Option<Origin>,
}

/// Where an identity provider has an attribute's value.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub(super) struct Origin {
    built_in: bool,
    variable: Option<String>,
    /// The attribute of its own users that holds the value.
    pub(super) from: Option<String>,
    /// A whole expression, where it takes one.
    value: Option<String>,
    on_create: bool,
    precedence: Option<u8>,
    /// Whether one of the allowed values is picked by who the user is.
    pub(super) choice: bool,
    note: String,
}

static SOURCES: LazyLock<Vec<Source>> = LazyLock::new(sources);

#[expect(clippy::expect_used, reason = "the list is part of the program; a test reads it")]
fn sources() -> Vec<Source> {
    serde_json::from_str(include_str!("sources.json")).expect("the list of sources")
}

/// An attribute that can be mapped.
pub(super) struct Leaf<'a> {
    schema: &'a Schema,
    is_core: bool,
    /// The attribute, without a sub-attribute.
    top: &'a Attribute,
    pub(super) attribute: &'a Attribute,
    /// Inside its schema, as Entra writes it: `emails[type eq "work"].value`.
    path: String,
}

/// Everything that can be mapped to resources of this type: the well-known first, then the tenant's own.
pub(crate) fn rows(resource_type: &ResourceType, provider: Provider) -> Vec<Row> {
    let mut told = HashSet::new();
    let mut rows = Vec::new();
    for source in SOURCES.iter() {
        let Some(leaf) = find(resource_type, &source.path) else { continue };
        let origin = match provider {
            Provider::Okta => &source.okta,
            Provider::Entra => &source.entra,
        };
        // What this provider has nothing for is left to the generic rows, save what it has another word for.
        let Some(origin) = origin else { continue };
        told.insert(leaf.key());
        rows.push(leaf.row(provider, origin, false, rows.len()));
    }
    for leaf in leaves(resource_type) {
        if told.contains(&leaf.key()) {
            continue;
        }
        let is_told = leaf.attribute.name == "$ref" || told.contains(&leaf.whole());
        if is_told {
            continue;
        }
        let is_plain = leaf.allowed().is_empty() && leaf.attribute.private.default.is_none();
        let is_optional = leaf.is_standard() && !leaf.attribute.required && is_plain;
        rows.push(leaf.row(provider, &Origin::default(), is_optional, rows.len()));
    }
    rows
}

/// The attribute of a well-known path, if this tenant has it and a client may write it.
fn find<'a>(resource_type: &'a ResourceType, path: &str) -> Option<Leaf<'a>> {
    let plain: String = match (path.find('['), path.find(']')) {
        (Some(from), Some(to)) => format!("{}{}", path.get(..from)?, path.get(to + 1..)?),
        _ => path.to_owned(),
    };
    match resource_type.resolve(&AttributePath::parse(&plain)?)? {
        Target::Attribute { extension, attribute, sub_attribute } => {
            let leaf = sub_attribute.unwrap_or(attribute);
            is_writable(attribute, leaf).then(|| Leaf {
                schema: extension.unwrap_or(&resource_type.schema),
                is_core: extension.is_none(),
                top: attribute,
                attribute: leaf,
                path: path.to_owned(),
            })
        }
        Target::Extension(_) => None,
    }
}

/// Every attribute that a client may write, the base schema's first.
fn leaves(resource_type: &ResourceType) -> Vec<Leaf<'_>> {
    let extensions = resource_type.extensions.iter().map(|extension| (&*extension.schema, false));
    let schemas = std::iter::once((&*resource_type.schema, true)).chain(extensions);
    let mut leaves = Vec::new();
    for (schema, is_core) in schemas {
        for top in &schema.attributes {
            let mut push = |attribute, path| {
                if is_writable(top, attribute) {
                    leaves.push(Leaf { schema, is_core, top, attribute, path });
                }
            };
            match (top.kind, top.multi_valued) {
                (Type::Complex, false) => {
                    for sub in &top.sub_attributes {
                        push(sub, format!("{}.{}", top.name, sub.name));
                    }
                }
                (Type::Complex, true) => {
                    let Some(value) = top.sub_attribute("value") else { continue };
                    let kinds = top.sub_attribute("type").map(|kind| kind.canonical_values.as_slice());
                    let which = match kinds.and_then(<[String]>::first) {
                        Some(kind) => format!("[type eq \"{kind}\"]"),
                        None => "[primary eq true]".to_owned(),
                    };
                    push(value, format!("{}{which}.value", top.name));
                }
                _ => push(top, top.name.clone()),
            }
        }
    }
    leaves
}

/// Passwords are taken and thrown away: nobody is told to map one.
fn is_writable(top: &Attribute, leaf: &Attribute) -> bool {
    [top, leaf].iter().all(|it| !matches!(it.mutability, Mutability::ReadOnly | Mutability::WriteOnly))
}

impl Leaf<'_> {
    /// By what it is known whether it was told already: of a plural attribute, one row is enough.
    fn key(&self) -> (String, String) {
        let name = if self.top.is_plural() || self.path == self.top.name {
            self.top.name.clone()
        } else {
            format!("{}.{}", self.top.name, self.attribute.name)
        };
        (self.schema.id.to_lowercase(), name)
    }

    /// The attribute with all that is in it.
    fn whole(&self) -> (String, String) {
        (self.schema.id.to_lowercase(), self.top.name.clone())
    }

    /// Whether it is the RFC's and not of a tenant.
    pub(super) fn is_standard(&self) -> bool {
        self.is_core || self.schema.id == ENTERPRISE_USER.id
    }

    /// What it is called where one word is enough.
    pub(super) fn name(&self) -> &str {
        if self.attribute.name == "value" { &self.top.name } else { &self.attribute.name }
    }

    fn row(&self, provider: Provider, origin: &Origin, is_optional: bool, at: usize) -> Row {
        let Self { schema, attribute, path, .. } = self;
        let name = self.name();
        let (mapping, value) = match &origin.value {
            Some(value) => ("Expression", value.clone()),
            None => provider.value(self, origin, at),
        };
        let private = &attribute.private;
        Row {
            target: if self.is_core { path.clone() } else { format!("{}:{path}", schema.id) },
            external_name: external_name(path),
            external_namespace: schema.id.clone(),
            display_name: words(origin.variable.as_deref().unwrap_or(name)),
            variable: origin.variable.clone().unwrap_or_else(|| name.to_owned()),
            kind: provider.kind(attribute),
            multi_valued: attribute.multi_valued,
            case_exact: attribute.case_exact,
            required: self.is_required(),
            mutability: provider.mutability(attribute.mutability),
            default: private.default.clone(),
            allowed: self.allowed().to_vec(),
            mapping,
            value,
            on_create: origin.on_create || private.default.is_some() && private.kept == Kept::Omitted,
            precedence: origin.precedence,
            built_in: origin.built_in,
            optional: is_optional,
            note: origin.note.clone(),
        }
    }

    /// Whether no resource is without it: of something complex, what is inside counts only with what is around.
    pub(super) fn is_required(&self) -> bool {
        self.attribute.required && (self.top.required || self.path == self.top.name)
    }

    /// The only values there are.
    pub(super) fn allowed(&self) -> &[String] {
        if self.attribute.private.closed { &self.attribute.canonical_values } else { &[] }
    }
}

/// `emails[type eq "work"].value` as `emails.^[type=='work'].value`.
fn external_name(path: &str) -> String {
    path.replace('[', ".^[").replace(" eq ", "==").replace('"', "'")
}

/// `jobStartDate` as `Job start date`.
fn words(name: &str) -> String {
    let mut words = String::new();
    for (at, character) in name.chars().enumerate() {
        if at == 0 {
            words.extend(character.to_uppercase());
        } else if character.is_uppercase() {
            words.push(' ');
            words.extend(character.to_lowercase());
        } else {
            words.push(character);
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use scim::resource_type::USERS;

    use super::*;

    #[test]
    fn names_are_spelt_as_each_identity_provider_writes_them() {
        assert_eq!(external_name("emails[type eq \"work\"].value"), "emails.^[type=='work'].value");
        assert_eq!(external_name("emails[primary eq true].type"), "emails.^[primary==true].type");
        assert_eq!(words("jobStartDate"), "Job start date");
    }

    #[test]
    fn every_source_is_an_attribute_of_users_of_groups_or_of_a_pack() {
        let packs: [&str; 2] = [
            include_str!("../../../../infra/schemas/interact.json"),
            include_str!("../../../../infra/schemas/talkdesk.json"),
        ];
        for Source { path, .. } in SOURCES.iter() {
            let name = path.split(['[', '.']).next().unwrap_or_default();
            let is_there = ["userName", "preferredName", "members", "externalId"].contains(&name)
                || find(&USERS, path).is_some()
                || packs.iter().any(|pack| pack.contains(&format!("\"{name}\"")));
            assert!(is_there, "{path}");
        }
    }

    #[test]
    fn what_a_client_cannot_write_is_not_mapped() {
        for provider in [Provider::Okta, Provider::Entra] {
            let rows = rows(&USERS, provider);
            for name in ["password", "groups", "id", "meta"] {
                assert!(!rows.iter().any(|row| row.target.starts_with(name)), "{name}");
            }
            let mut targets: Vec<_> = rows.iter().map(|row| &row.target).collect();
            targets.sort();
            let count = targets.len();
            targets.dedup();
            assert_eq!(targets.len(), count, "each once");
        }
    }
}
