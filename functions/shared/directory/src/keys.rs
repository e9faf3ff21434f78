//! The key layout: where each item lies. Pure, and the only place that writes a `#`.
//!
//! Text that a client controls is always the last part of a key, so no value can reach into another key.

use std::{borrow::Cow, collections::HashMap, fmt::Write as _};

use aws_sdk_dynamodb::types::AttributeValue;
use scim::{Kind, ResourceId, ResourceType, fold::fold};
use sha2::{Digest, Sha256};

use crate::Scope;

/// The sort key of an item that is alone under its partition key.
pub(crate) const ALONE: &str = "!";

/// A client's text longer than this is shortened, in bytes; an index takes sort keys of up to 1,024.
const LONGEST_TEXT: usize = 900;
/// What stays of a text that is shortened, in bytes.
const SHORTENED_TEXT: usize = 800;

/// Where one item lies.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Key {
    pub(crate) pk: String,
    pub(crate) sk: String,
}

impl Key {
    pub(crate) fn new(pk: String, sk: impl Into<String>) -> Self {
        Self { pk, sk: sk.into() }
    }

    /// The key as one string, for a record's `keys`. No sort key of a lookup item holds a space.
    pub(crate) fn encode(&self) -> String {
        format!("{} {}", self.sk, self.pk)
    }

    /// The key that [`Self::encode`] wrote.
    pub(crate) fn decode(text: &str) -> Option<Self> {
        text.split_once(' ').map(|(sk, pk)| Self::new(pk.to_owned(), sk))
    }

    /// The key as the service takes it.
    pub(crate) fn attributes(&self) -> HashMap<String, AttributeValue> {
        HashMap::from([
            ("pk".to_owned(), AttributeValue::S(self.pk.clone())),
            ("sk".to_owned(), AttributeValue::S(self.sk.clone())),
        ])
    }
}

/// The collection of one resource type on one shard.
pub(crate) fn collection(tenant: &str, resource_type: &ResourceType, shard: char) -> String {
    match resource_type.kind {
        Kind::User => format!("{tenant}#U#{shard}"),
        Kind::Group => format!("{tenant}#G#{shard}"),
        Kind::Other => format!("{tenant}#R#{}#{shard}", resource_type.name),
    }
}

/// A record of a known resource type.
pub(crate) fn record(tenant: &str, resource_type: &ResourceType, id: &ResourceId) -> Key {
    Key::new(collection(tenant, resource_type, id.shard()), id.as_str())
}

/// A record that an id alone names: a user or a group. `None` for further types, which share their ids' shape.
pub(crate) fn member_record(tenant: &str, id: &ResourceId) -> Option<Key> {
    let collection = match id.kind() {
        Kind::User => format!("{tenant}#U#{}", id.shard()),
        Kind::Group => format!("{tenant}#G#{}", id.shard()),
        Kind::Other => return None,
    };
    Some(Key::new(collection, id.as_str()))
}

/// Where a connector's crawls of a resource type go on.
pub(crate) fn bookmarks(scope: &Scope, resource_type: &ResourceType) -> String {
    format!("{}#B#{}#{}", scope.tenant, scope.connector, resource_type.name)
}

/// An index as a sort key: in the order of the numbers.
pub(crate) fn index(start_index: u64) -> String {
    format!("{start_index:020}")
}

/// What is configured for a tenant.
pub(crate) fn configuration(tenant: &str) -> String {
    format!("{tenant}#K")
}

/// To whom tokens of this issuer for this audience belong; outside any tenant, for nobody is known yet.
pub(crate) fn route(issuer: &str, audience: &str) -> Key {
    let mut digest = Sha256::new();
    // Its length tells where the issuer ends.
    digest.update(issuer.len().to_be_bytes());
    digest.update(issuer);
    digest.update(audience);
    Key::new(format!("#J#{}", hexadecimal(&digest.finalize())), ALONE)
}

/// The users of a `userName`: at most one.
pub(crate) fn user_name(tenant: &str, value: &str) -> Option<String> {
    folded(value).map(|text| format!("{tenant}#n#{text}"))
}

/// The groups of a `displayName`.
pub(crate) fn display_name(tenant: &str, value: &str) -> Option<String> {
    folded(value).map(|text| format!("{tenant}#d#{text}"))
}

/// The users of an e-mail address.
pub(crate) fn email(tenant: &str, value: &str) -> Option<String> {
    folded(value).map(|text| format!("{tenant}#e#{text}"))
}

/// The resources of a connector's `externalId`.
pub(crate) fn external_id(tenant: &str, connector: &str, value: &str) -> Option<String> {
    exact(value).map(|text| format!("{tenant}#x#{connector}#{text}"))
}

/// The resource of a further type with this value of a unique attribute.
pub(crate) fn unique(
    tenant: &str,
    resource_type: &ResourceType,
    attribute: &scim::schema::Attribute,
    value: &str,
) -> Option<String> {
    let text = if attribute.case_exact { exact(value)?.into_owned() } else { folded(value)? };
    Some(format!("{tenant}#u#{}#{}#{text}", resource_type.name, attribute.name))
}

/// What the index of a tenant's `userName`s holds.
pub(crate) fn index_of_user_names(tenant: &str) -> String {
    format!("{tenant}#U")
}

/// What the index of a tenant's group `displayName`s holds.
pub(crate) fn index_of_display_names(tenant: &str) -> String {
    format!("{tenant}#G")
}

/// What the index of a tenant's e-mail addresses holds.
pub(crate) fn index_of_emails(tenant: &str) -> String {
    format!("{tenant}#E")
}

/// What the index of a connector's `externalId`s holds.
pub(crate) fn index_of_external_ids(tenant: &str, connector: &str) -> String {
    format!("{tenant}#X#{connector}")
}

/// A group's members.
pub(crate) fn members(tenant: &str, group: &ResourceId) -> String {
    format!("{tenant}#M#{group}")
}

/// The groups that a resource is a member of.
pub(crate) fn memberships(tenant: &str, member: &ResourceId) -> String {
    format!("{tenant}#P#{member}")
}

/// The parts of the changes of a group's members that are under way.
pub(crate) fn intents(tenant: &str, group: &ResourceId) -> String {
    format!("{tenant}#I#{group}")
}

/// One part of such a change.
pub(crate) fn intent_part(tenant: &str, group: &ResourceId, intent: &str, part: u64) -> Key {
    Key::new(intents(tenant, group), format!("{intent}#{part:04}"))
}

/// The sixteen counters of a resource type.
pub(crate) fn counters(tenant: &str, resource_type: &ResourceType) -> String {
    match resource_type.kind {
        Kind::User => format!("{tenant}#C#U"),
        Kind::Group => format!("{tenant}#C#G"),
        Kind::Other => format!("{tenant}#C#R#{}", resource_type.name),
    }
}

/// One of sixteen lists of tasks, of all tenants together.
pub(crate) fn tasks(list: char) -> String {
    format!("#S#{list}")
}

/// One half of a membership, as its key tells.
pub(crate) struct Edge {
    pub(crate) tenant: String,
    pub(crate) group: ResourceId,
    pub(crate) member: ResourceId,
    pub(crate) half: Half,
}

/// Under whom a half of a membership lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Half {
    OfGroup,
    OfMember,
}

/// The membership whose half this item is.
pub(crate) fn parse_edge(item: &HashMap<String, AttributeValue>) -> Option<Edge> {
    let (tenant, entity, id, sk) = parse(item)?;
    let (one, other) = (ResourceId::parse(id)?, ResourceId::parse(sk)?);
    let (group, member, half) = match entity {
        "M" => (one, other, Half::OfGroup),
        "P" => (other, one, Half::OfMember),
        _ => return None,
    };
    Some(Edge { tenant: tenant.to_owned(), group, member, half })
}

/// Tenant and id of the record that this item holds.
pub(crate) fn parse_record(item: &HashMap<String, AttributeValue>) -> Option<(String, ResourceId)> {
    let (tenant, entity, _, sk) = parse(item)?;
    let is_record = matches!(entity, "U" | "G" | "R");
    ResourceId::parse(sk).filter(|_| is_record).map(|id| (tenant.to_owned(), id))
}

/// Tenant and id of the record that this tombstone is left of.
pub(crate) fn parse_tombstone(item: &HashMap<String, AttributeValue>) -> Option<(String, ResourceId)> {
    let (tenant, entity, id, _) = parse(item)?;
    ResourceId::parse(id).filter(|_| entity == "Z").map(|id| (tenant.to_owned(), id))
}

/// Tenant, group and intent that this part belongs to.
pub(crate) fn parse_intent_part(
    item: &HashMap<String, AttributeValue>,
) -> Option<(String, ResourceId, String)> {
    let (tenant, entity, group, sk) = parse(item)?;
    let intent = sk.split('#').next().unwrap_or_default().to_owned();
    ResourceId::parse(group).filter(|_| entity == "I").map(|group| (tenant.to_owned(), group, intent))
}

/// Tenant, entity and rest of an item's partition key, and its sort key.
fn parse(item: &HashMap<String, AttributeValue>) -> Option<(&str, &str, &str, &str)> {
    let mut words = crate::record::text(item, "pk")?.splitn(3, '#');
    let (tenant, entity, rest) = (words.next()?, words.next()?, words.next()?);
    Some((tenant, entity, rest, crate::record::text(item, "sk")?))
}

/// What is left of a deleted record for a while.
pub(crate) fn tombstone(tenant: &str, id: &ResourceId) -> Key {
    Key::new(format!("{tenant}#Z#{id}"), ALONE)
}

/// The hash of a user's password.
pub(crate) fn password(tenant: &str, id: &ResourceId) -> Key {
    Key::new(format!("{tenant}#W#{id}"), ALONE)
}

/// A key that no tenant has and no item lies under.
pub(crate) fn ping() -> Key {
    Key::new("#H".to_owned(), ALONE)
}

/// The text by which values of a case-insensitive attribute are compared; `None` for one without any.
pub(crate) fn folded(value: &str) -> Option<String> {
    let folded = fold(value);
    exact(&folded).map(Cow::into_owned)
}

/// The text by which values of a case-exact attribute are compared; `None` for one without any.
pub(crate) fn exact(value: &str) -> Option<Cow<'_, str>> {
    (!value.trim().is_empty()).then(|| shortened(value))
}

/// `text`, or, where that is too long for a key, its beginning and the digest of all of it.
fn shortened(text: &str) -> Cow<'_, str> {
    if text.len() <= LONGEST_TEXT {
        return Cow::Borrowed(text);
    }
    let mut short = text[..text.floor_char_boundary(SHORTENED_TEXT)].to_owned();
    short.push('~');
    short.push_str(&hexadecimal(&Sha256::digest(text)));
    Cow::Owned(short)
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The beginning of `text` that stays of it, and of every text that begins like it, in a key.
pub(crate) fn beginning(text: &str) -> &str {
    /// A cut at a character takes up to three bytes more.
    const ALWAYS_KEPT: usize = SHORTENED_TEXT - 3;
    &text[..text.floor_char_boundary(ALWAYS_KEPT)]
}

/// The beginning of a text that is [`shortened`] in a key; `None` for a key that is all of a text.
///
/// A whole text that looks like a shortened one is taken for it.
pub(crate) fn kept(key: &str) -> Option<&str> {
    let (kept, digest) = key.rsplit_once('~')?;
    let is_digest = digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit());
    (is_digest && (SHORTENED_TEXT - 3..=SHORTENED_TEXT).contains(&kept.len())).then_some(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_shortened(text: &str, kept: usize) {
        let short = shortened(text);
        assert_eq!(&short[..kept], &text[..kept]);
        assert_eq!(&short[kept..=kept], "~");
        assert_eq!(short.len(), kept + 1 + 64);
        assert_ne!(short, shortened(&format!("{text}x")), "the digest tells long texts apart");
        assert_eq!(super::kept(&short), Some(&text[..kept]));
        assert!(short.starts_with(beginning(text)));
    }

    #[test]
    fn a_text_over_900_bytes_is_cut_at_a_character_before_800() {
        assert_eq!(shortened(&"a".repeat(900)), "a".repeat(900));
        assert_eq!(shortened(&"é".repeat(450)), "é".repeat(450));
        check_shortened(&"a".repeat(901), 800);
        check_shortened(&format!("a{}", "é".repeat(450)), 799);
        check_shortened(&"\u{1f600}".repeat(226), 800);
        check_shortened(&format!("abc{}", "\u{1f600}".repeat(226)), 799);
        check_shortened(&"\u{20ac}".repeat(301), 798);
    }

    #[test]
    fn folding_comes_before_shortening() {
        assert_eq!(folded(&"A".repeat(1000)), folded(&"a".repeat(1000)));
        // The ligature folds to two letters: 302 of them are 906 bytes before and 604 after.
        assert_eq!(folded(&"ﬀ".repeat(302)).as_deref(), Some("ff".repeat(302).as_str()));
    }

    #[test]
    fn a_blank_value_has_no_key() {
        for blank in ["", " ", "\t\n", "\u{a0}\u{2003}"] {
            assert_eq!((folded(blank), exact(blank)), (None, None), "{blank:?}");
        }
    }

    #[test]
    fn each_entity_has_a_prefix_of_its_own() {
        let user = ResourceId::parse("0a000000-0000-4000-8000-000000000000").expect("an id");
        assert_eq!(user_name("acme", "BJensen").as_deref(), Some("acme#n#bjensen"));
        assert_eq!(display_name("acme", "Tour Guides").as_deref(), Some("acme#d#tour guides"));
        assert_eq!(email("acme", "B@X.org").as_deref(), Some("acme#e#b@x.org"));
        assert_eq!(external_id("acme", "okta", "00uA").as_deref(), Some("acme#x#okta#00uA"));
        assert_eq!(members("acme", &user), format!("acme#M#{user}"));
        assert_eq!(memberships("acme", &user), format!("acme#P#{user}"));
        assert_eq!(tombstone("acme", &user).pk, format!("acme#Z#{user}"));
        assert_eq!(member_record("acme", &user), Some(Key::new("acme#U#0".into(), user.as_str())));
    }

    proptest::proptest! {
        #[test]
        fn a_key_survives_encoding(pk in ".*", alone in proptest::bool::ANY) {
            let sk = if alone { ALONE } else { "0a000000-0000-4000-8000-000000000000" };
            let key = Key::new(pk, sk);
            assert_eq!(Key::decode(&key.encode()), Some(key));
        }

        #[test]
        fn a_key_that_is_all_of_a_text_is_not_taken_for_less(text in "\\PC{0,400}") {
            let key = shortened(&text);
            assert_eq!(kept(&key).is_none(), key == text);
            assert!(key.starts_with(beginning(&text)));
        }

        #[test]
        fn every_key_text_fits_an_index(text in "\\PC{0,600}") {
            assert!(folded(&text).is_none_or(|text| text.len() <= LONGEST_TEXT));
            assert!(exact(&text).is_none_or(|text| text.len() <= LONGEST_TEXT));
        }
    }
}
