//! The one rule by which two strings of a case-insensitive attribute are the same.
//!
//! The filter evaluator and the table's lookup keys both use it: with two rules a value could be refused as
//! a duplicate and yet be found by no filter.

use icu_casemap::CaseMapper;
use icu_normalizer::ComposingNormalizer;

/// `text` under NFKC, full case folding, NFKC.
#[must_use]
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let nfkc = ComposingNormalizer::new_nfkc();
    let folded = CaseMapper::new().fold_string(&nfkc.normalize(text)).into_owned();
    nfkc.normalize(&folded).into_owned()
}

/// `text` under NFC.
#[must_use]
pub fn composed(text: &str) -> String {
    ComposingNormalizer::new_nfc().normalize(text).into_owned()
}

#[cfg(test)]
mod tests {
    use super::fold;

    #[test]
    fn strings_that_readers_take_for_the_same_fold_together() {
        for (a, b) in [
            ("Bjensen", "bJENSEN"),
            ("STRASSE", "straße"),
            ("ﬁn", "FIN"),
            ("e\u{301}", "É"),
            ("Σίσυφος", "ΣΊΣΥΦΟΣ"),
            // Capitals that fold only once they are plain ones.
            ("𝐁𝐣𝐞𝐧𝐬𝐞𝐧", "bjensen"),
            ("100 ㎒", "100 mhz"),
        ] {
            assert_eq!(fold(a), fold(b), "{a} and {b}");
        }
        assert_ne!(fold("a"), fold("á"));
    }

    #[test]
    fn folding_twice_changes_nothing() {
        for text in ["ẞ", "ǆ", "İ", "ﬃ", "ϒ\u{301}", "plain"] {
            assert_eq!(fold(&fold(text)), fold(text), "{text}");
        }
    }
}
