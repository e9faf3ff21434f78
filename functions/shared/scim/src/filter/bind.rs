//! Binding: what the names and literals of a filter mean under a schema, resolved once for many resources.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Filter, Operator, condition::Condition, evaluate::Node, source::Source};
use crate::{
    Error, ErrorKind, Object, ResourceType,
    path::AttributePath,
    resource_type::Target,
    schema::{Attribute, Returned, Type},
};

/// A filter bound to a resource type, or to the values of one complex attribute.
///
/// An attribute with several values matches when any of them does, and a value path when one value satisfies
/// all of it. `ne` is exactly the opposite of `eq`: it holds where the attribute is absent, and for several
/// values only where none is equal. `eq null` holds where the attribute is absent. A value without `primary` is
/// one whose `primary` is false. A complex attribute that is compared as such means its `value`. Strings are
/// compared under [`fold`](crate::fold::fold) unless the attribute is case-exact; they order as their (folded)
/// code points do.
#[derive(Debug, Clone, PartialEq)]
pub struct BoundFilter<'a> {
    node: Node<'a>,
}

impl BoundFilter<'_> {
    /// Whether `resource`, or the value of the complex attribute, matches.
    ///
    /// A resource is in canonical spelling, the attributes of an extension below its URN; what the caller has
    /// not put in is absent.
    #[must_use]
    pub fn matches(&self, resource: &Object) -> bool {
        self.node.matches(resource)
    }

    /// Whether the outcome depends on the attribute `name`, in canonical spelling, of the base schema or the
    /// common attributes: a caller need not fetch what nothing asks for.
    #[must_use]
    pub fn reads(&self, name: &str) -> bool {
        self.node.reads(name)
    }

    /// The names, at the top of a resource, of all that the outcome depends on: attributes, and the URNs of extensions.
    #[must_use]
    pub fn names(&self) -> BTreeSet<&str> {
        let mut names = BTreeSet::new();
        self.node.names(&mut names);
        names
    }
}

impl Filter {
    /// The filter on resources of `resource_type`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidFilter`], naming the attribute as the client wrote it, when no schema knows it, it
    /// is never returned, the operator does not apply to its type, the literal is of another type, or
    /// brackets follow an attribute that is not complex.
    pub fn bind<'a>(&self, resource_type: &'a ResourceType) -> Result<BoundFilter<'a>, Error> {
        bind(self, &Scope::Resource(resource_type)).map(|node| BoundFilter { node })
    }

    /// The filter on the values of `attribute`, as it stands in the brackets of a PATCH path.
    ///
    /// # Errors
    ///
    /// As [`Filter::bind`].
    pub fn bind_values<'a>(&self, attribute: &'a Attribute) -> Result<BoundFilter<'a>, Error> {
        let scope = Scope::values(attribute, attribute.name.clone())?;
        bind(self, &scope).map(|node| BoundFilter { node })
    }

    /// Checks the filter against `resource_type`.
    ///
    /// # Errors
    ///
    /// As [`Filter::bind`].
    pub fn check(&self, resource_type: &ResourceType) -> Result<(), Error> {
        self.bind(resource_type).map(drop)
    }
}

/// What names mean.
enum Scope<'a> {
    /// Attributes of a resource.
    Resource(&'a ResourceType),
    /// Sub-attributes of a complex attribute, which the client calls `name`.
    Values { attribute: &'a Attribute, name: String },
}

/// What a name means.
struct Field<'a> {
    source: Source<'a>,
    /// The attribute; `None` for all of an extension.
    attribute: Option<&'a Attribute>,
    /// Whether it is inside an attribute with several complex values.
    is_of_several: bool,
    /// The name, as the client wrote it.
    name: String,
}

fn bind<'a>(filter: &Filter, scope: &Scope<'a>) -> Result<Node<'a>, Error> {
    let all = |operands: &[Filter]| -> Result<Vec<_>, Error> {
        operands.iter().map(|operand| bind(operand, scope)).collect()
    };
    Ok(match filter {
        Filter::And(operands) => Node::All(all(operands)?),
        Filter::Or(operands) => Node::Any(all(operands)?),
        Filter::Not(operand) => Node::Not(Box::new(bind(operand, scope)?)),
        Filter::Present(path) => Node::Value(scope.field(path)?.source, Condition::Present),
        Filter::Compare { path, operator, value } => compare(scope.field(path)?, *operator, value)?,
        Filter::ValuePath { path, filter } => {
            let Field { source, attribute, name, .. } = scope.field(path)?;
            let attribute = attribute.ok_or_else(|| not_complex(&name))?;
            Node::Element(source, Box::new(bind(filter, &Scope::values(attribute, name)?)?))
        }
    })
}

fn compare<'a>(field: Field<'a>, operator: Operator, literal: &Value) -> Result<Node<'a>, Error> {
    let Field { mut source, attribute, is_of_several, name } = field;
    let present = Node::Value(source, Condition::Present);
    match (literal, operator) {
        (Value::Null, Operator::Eq) => return Ok(Node::Not(Box::new(present))),
        (Value::Null, Operator::Ne) => return Ok(present),
        _ => {}
    }
    let compared = match attribute {
        Some(attribute) if attribute.kind == Type::Complex => {
            let value = attribute.sub_attribute("value").filter(|value| value.returned != Returned::Never);
            source.sub_attribute = value.map(|value| value.name.as_str());
            value
        }
        other => other,
    };
    let compared = compared.ok_or_else(|| cannot_compare(attribute, &name))?;
    let is_opposite = operator == Operator::Ne;
    let condition =
        Condition::new(compared, if is_opposite { Operator::Eq } else { operator }, literal, &name)?;
    let node = if is_of_several && compared.name == "primary" && condition == Condition::Boolean(false) {
        not_primary(source)
    } else {
        Node::Value(source, condition)
    };
    Ok(if is_opposite { Node::Not(Box::new(node)) } else { node })
}

/// Any value that is not the primary one: where `primary` is missing it is false (RFC 7643 §2.4).
fn not_primary(mut source: Source<'_>) -> Node<'_> {
    let unless = |source| Node::Not(Box::new(Node::Value(source, Condition::Boolean(true))));
    match source.sub_attribute.take() {
        Some(name) => {
            let inner = Source { extension: None, attribute: name, sub_attribute: None };
            Node::Element(source, Box::new(unless(inner)))
        }
        None => unless(source),
    }
}

impl<'a> Scope<'a> {
    fn values(attribute: &'a Attribute, name: String) -> Result<Self, Error> {
        if attribute.kind == Type::Complex {
            Ok(Self::Values { attribute, name })
        } else {
            Err(not_complex(&name))
        }
    }

    fn field(&self, path: &AttributePath) -> Result<Field<'a>, Error> {
        let (target, name) = match self {
            Self::Resource(resource_type) => (resource_type.resolve(path), path.to_string()),
            Self::Values { attribute, name } => {
                let plain = path.schema.is_none() && path.sub_attribute.is_none();
                let found = attribute.sub_attribute(&path.attribute).filter(|_| plain);
                let target = found.map(|attribute| Target::Attribute {
                    extension: None,
                    attribute,
                    sub_attribute: None,
                });
                (target, format!("{name}.{path}"))
            }
        };
        let target =
            target.ok_or_else(|| invalid(format!("Unknown attribute {name} in the filter"), &name))?;
        let is_of_several = match (self, &target) {
            (Self::Values { attribute, .. }, _)
            | (_, Target::Attribute { attribute, sub_attribute: Some(_), .. }) => attribute.is_plural(),
            _ => false,
        };
        let (attribute, secret) = match target {
            Target::Extension(_) => (None, false),
            Target::Attribute { attribute, sub_attribute, .. } => {
                let leaf = sub_attribute.unwrap_or(attribute);
                (Some(leaf), [attribute, leaf].into_iter().any(|each| each.returned == Returned::Never))
            }
        };
        if secret {
            let detail = format!("Attribute {name} cannot be part of a filter: it is never returned");
            return Err(invalid(detail, &name));
        }
        Ok(Field { source: Source::of(&target), attribute, is_of_several, name })
    }
}

fn invalid(detail: String, name: &str) -> Error {
    Error::new(ErrorKind::InvalidFilter, detail).at(name)
}

fn not_complex(name: &str) -> Error {
    invalid(format!("Attribute {name} is not complex: no filter in brackets applies to it"), name)
}

/// `attribute`, complex without a `value` or all of an extension, has nothing that could be compared.
fn cannot_compare(attribute: Option<&Attribute>, name: &str) -> Error {
    let detail = match attribute {
        Some(attribute) => {
            let names: Vec<_> = attribute.sub_attributes.iter().map(|sub| sub.name.as_str()).collect();
            format!(
                "Attribute {name} is complex: the filter must name one of its sub-attributes ({})",
                names.join(", ")
            )
        }
        None => format!("{name} is a schema extension: the filter must name one of its attributes"),
    };
    invalid(detail, name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        filter::parse,
        resource_type::{Extension, GROUPS, USERS},
        schema::{Schema, USER},
    };

    /// Users with an extension that has the types which User lacks.
    fn resource_type() -> ResourceType {
        let schema = Schema::from_json(
            r#"{"id": "urn:x:User", "name": "X", "attributes": [
                {"name": "rank", "type": "integer"},
                {"name": "photo", "type": "binary"},
                {"name": "pin", "type": "complex", "returned": "never", "subAttributes": [
                    {"name": "value", "type": "string"}
                ]},
                {"name": "token", "type": "complex", "subAttributes": [
                    {"name": "value", "type": "string", "returned": "never"}
                ]}
            ]}"#,
        );
        let mut users = (**USERS).clone();
        users.extensions.push(Extension { schema: schema.expect("a schema").into(), required: false });
        users
    }

    fn check(filter: &str) {
        assert_eq!(parse(filter).expect(filter).check(&resource_type()), Ok(()), "{filter}");
    }

    fn check_error(filter: &str, path: &str, expected: &str) {
        let error = parse(filter).expect(filter).check(&resource_type()).expect_err(filter);
        assert_eq!(error.kind(), ErrorKind::InvalidFilter, "{filter}");
        assert_eq!((error.path(), error.detail()), (Some(path), expected), "{filter}");
    }

    #[test]
    fn what_a_schema_knows_can_be_filtered() {
        for filter in [
            r#"emails co "@x" and manager eq "1" and groups eq "1""#,
            r#"manager[value eq "1"] and urn:x:User:rank ge 1.5 and urn:x:User pr"#,
            r#"active eq "True" and emails[primary eq "false"] and photo co "AA==""#,
            "name eq null and name pr and name ne null and active eq null",
            r#"meta.lastModified ge "2011-05-13T04:42:34" and schemas eq "urn:x""#,
            r#"profileUrl sw "https:" and userName gt "a" and id ne "1""#,
        ] {
            check(filter);
        }
        let members = parse(r#"members eq "1" and members[value eq "2"]"#).expect("a filter");
        assert_eq!(members.check(&GROUPS), Ok(()));
    }

    #[test]
    fn unknown_names_are_told_as_written() {
        for (filter, name) in [
            ("Nope pr", "Nope"),
            ("name.nope eq null", "name.nope"),
            ("urn:y:User:userName pr", "urn:y:User:userName"),
            ("Emails[Nope pr]", "Emails.Nope"),
            ("title pr or not (members pr)", "members"),
        ] {
            check_error(filter, name, &format!("Unknown attribute {name} in the filter"));
        }
    }

    #[test]
    fn operators_apply_to_some_types_only() {
        for (filter, operator, name, kind) in [
            ("active gt true", "gt", "active", "boolean"),
            ("Active co \"t\"", "co", "Active", "boolean"),
            ("emails[primary le true]", "le", "emails.primary", "boolean"),
            ("rank sw 1", "sw", "rank", "integer"),
            ("x509Certificates gt \"AA==\"", "gt", "x509Certificates", "binary"),
            ("photo lt \"AA==\"", "lt", "photo", "binary"),
            ("meta.created sw \"2011\"", "sw", "meta.created", "dateTime"),
        ] {
            let detail = format!(
                "The operator {operator} does not apply to attribute {name}, which is of type {kind}"
            );
            check_error(filter, name, &detail);
        }
    }

    #[test]
    fn literals_are_of_the_attribute_s_type() {
        let date_time = "dateTime, for example \"2026-11-21T01:00:00Z\"";
        for (filter, name, expected, got) in [
            ("userName eq 5", "userName", "string", "number"),
            ("userName gt null", "userName", "string", "null"),
            ("emails eq true", "emails", "string", "boolean"),
            ("profileUrl eq 1", "profileUrl", "reference", "number"),
            ("active eq \"yes\"", "active", "boolean", "string"),
            ("active eq 1", "active", "boolean", "number"),
            ("rank eq \"1\"", "rank", "integer", "string"),
            ("meta.created gt \"2011-05-13\"", "meta.created", date_time, "\"2011-05-13\""),
            ("meta.created gt 2011", "meta.created", "dateTime", "number"),
        ] {
            let detail =
                format!("Bad value type for attribute {name} in the filter: expected {expected}, got {got}");
            check_error(filter, name, &detail);
        }
    }

    #[test]
    fn secrets_cannot_be_probed() {
        for (filter, name) in [
            ("password pr", "password"),
            ("Password sw \"a\"", "Password"),
            ("password eq null", "password"),
            ("pin.value eq \"1\"", "pin.value"),
            ("pin[value eq \"1\"]", "pin"),
            ("token[value eq \"1\"]", "token.value"),
        ] {
            let detail = format!("Attribute {name} cannot be part of a filter: it is never returned");
            check_error(filter, name, &detail);
        }
        let detail = "Attribute token is complex: the filter must name one of its sub-attributes (value)";
        check_error("token eq \"1\"", "token", detail);
    }

    #[test]
    fn complex_attributes_need_a_sub_attribute_and_others_take_no_brackets() {
        let names = "formatted, familyName, givenName, middleName, honorificPrefix, honorificSuffix";
        let detail =
            format!("Attribute name is complex: the filter must name one of its sub-attributes ({names})");
        check_error("name co \"x\"", "name", &detail);
        check_error(
            "urn:x:User eq \"x\"",
            "urn:x:User",
            "urn:x:User is a schema extension: the filter must name one of its attributes",
        );
        for (filter, name) in [
            ("userName[value pr]", "userName"),
            ("emails.value[value pr]", "emails.value"),
            ("urn:x:User[rank pr]", "urn:x:User"),
        ] {
            check_error(
                filter,
                name,
                &format!("Attribute {name} is not complex: no filter in brackets applies to it"),
            );
        }
    }

    #[test]
    fn the_brackets_of_a_path_are_bound_to_one_attribute() {
        let filter = parse("TYPE eq \"work\" and Primary eq True").expect("a filter");
        let emails = USER.attribute("emails").expect("emails");
        let bound = filter.bind_values(emails).expect("bound");
        let email = |kind: &str| serde_json::json!({"type": kind, "primary": true});
        assert_eq!(email("Work").as_object().map(|email| bound.matches(email)), Some(true));
        assert_eq!(email("home").as_object().map(|email| bound.matches(email)), Some(false));
        let title = USER.attribute("title").expect("title");
        let error = filter.bind_values(title).expect_err("title is a string");
        assert_eq!(error.path(), Some("title"));
        let dotted = parse("type.value pr").expect("a filter").bind_values(emails).expect_err("no such name");
        assert_eq!(dotted.path(), Some("emails.type.value"));
    }

    #[test]
    fn a_filter_tells_what_it_reads() {
        let users = resource_type();
        let filter =
            parse("title pr or not (groups.value eq \"1\") and manager[displayName pr]").expect("a filter");
        let bound = filter.bind(&users).expect("bound");
        assert!(bound.reads("title") && bound.reads("groups"));
        assert!(!bound.reads("manager") && !bound.reads("displayName") && !bound.reads("userName"));
        let enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
        assert_eq!(bound.names().into_iter().collect::<Vec<_>>(), ["groups", "title", enterprise]);
    }
}
