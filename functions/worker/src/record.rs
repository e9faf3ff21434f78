//! Records of the table's stream.

use aws_lambda_events::dynamodb::EventRecord;
use directory::{Change, Image};
use serde::Deserialize as _;
use serde_json::Value;
use time::OffsetDateTime;

/// The name by which Lambda knows a record.
pub(crate) fn sequence_number(record: &Value) -> Option<&str> {
    record.get("dynamodb")?.get("SequenceNumber")?.as_str()
}

/// The change that a record tells, `now` where it says no time; `None` where it cannot be read: why is not told,
/// since that would quote what it holds.
pub(crate) fn read(record: &Value, now: OffsetDateTime) -> Option<Change> {
    let record = EventRecord::deserialize(record).ok()?.change;
    // A record that says no time is read as one of 1970.
    let at = Some(record.approximate_creation_date_time.timestamp()).filter(|seconds| *seconds > 0);
    let at = at.and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok()).unwrap_or(now);
    let (old, new): (Image, Image) = (record.old_image.into(), record.new_image.into());
    // Every item has a key, so that an image without attributes is none. A record has one at least.
    let [old, new] = [old, new].map(|image| Some(image).filter(|image| !image.is_empty()));
    (old.is_some() || new.is_some()).then_some(Change { at, old, new })
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::{
        primitives::Blob,
        types::AttributeValue::{B, Bool, L, M, N, Null, S, Ss},
    };
    use serde_json::json;
    use time::macros::datetime;

    use super::*;

    const NOW: OffsetDateTime = datetime!(2026-11-22 12:00 UTC);

    fn records() -> Vec<Value> {
        let event: Value = serde_json::from_str(include_str!("../events/stream.json")).unwrap();
        event["Records"].as_array().unwrap().clone()
    }

    fn image(
        attributes: impl IntoIterator<Item = (&'static str, aws_sdk_dynamodb::types::AttributeValue)>,
    ) -> Image {
        attributes.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    #[test]
    fn every_type_of_attribute_is_read() {
        let text = |text: &str| S(text.to_owned());
        let change = read(&records()[0], NOW).unwrap();
        assert_eq!((change.at, &change.old), (datetime!(2026-11-22 00:00:07 UTC), &None));
        let intent = image([
            ("id", text("0f")),
            ("until", text("2026-11-22T00:00:42.000Z")),
            ("parts", N("0".to_owned())),
            ("add", B(Blob::new([0, 1, 254, 255]))),
        ]);
        let expected = image([
            ("pk", text("acme#G#8")),
            ("sk", text("8a000000-0000-4000-8000-000000000001")),
            ("kind", text("Group")),
            ("intent", M(intent)),
            ("epoch", N("1".to_owned())),
            ("at", N("1795305607123".to_owned())),
            ("keys", Ss(vec!["acme#d#staff !".to_owned(), "acme#x#okta#7 !".to_owned()])),
            ("doc", M(image([("nothing", Null(true)), ("flags", L(vec![Bool(false), Null(true)]))]))),
        ]);
        assert_eq!(change.new, Some(expected));
    }

    #[test]
    fn what_was_inserted_changed_and_removed_is_told_by_the_images() {
        let images: Vec<_> = records()
            .iter()
            .map(|record| {
                let change = read(record, NOW).unwrap();
                (record["eventName"].as_str().unwrap().to_owned(), change.old.is_some(), change.new.is_some())
            })
            .collect();
        let expected = [
            ("INSERT", false, true),
            ("MODIFY", true, true),
            ("REMOVE", true, false),
            ("REMOVE", true, false),
        ];
        assert_eq!(images, expected.map(|(name, old, new)| (name.to_owned(), old, new)));
    }

    #[test]
    fn a_time_may_have_a_fraction_or_be_missing() {
        let mut record = records().remove(0);
        record["dynamodb"]["ApproximateCreationDateTime"] = json!(1_795_305_608.75);
        assert_eq!(read(&record, NOW).unwrap().at, datetime!(2026-11-22 00:00:08 UTC));
        record["dynamodb"].as_object_mut().unwrap().remove("ApproximateCreationDateTime");
        assert_eq!(read(&record, NOW).unwrap().at, NOW);
    }

    #[test]
    fn a_record_of_another_shape_is_not_read() {
        let mut odd = records().remove(0);
        odd["dynamodb"]["NewImage"]["kind"] = json!({"X": "Group"});
        let mut empty = records().remove(0);
        empty["dynamodb"].as_object_mut().unwrap().remove("NewImage");
        for record in [odd, empty, json!({}), json!("x")] {
            assert_eq!(read(&record, NOW), None, "{record}");
        }
    }
}
