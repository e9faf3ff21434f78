//! Packs: the schemas of products that this service can stand in for, as documents of the program.

use std::path::PathBuf;

use directory::Setting;
use serde::Deserialize;

use crate::{Error, documents};

/// What the users and groups of a product have beyond the core, and what the product requires of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Pack {
    /// Interact, an intranet: a location, a closed user type, groups with a type.
    Interact,
    /// Talkdesk, a contact centre: names in two parts, a role and a team that exist.
    Talkdesk,
}

impl Pack {
    /// The schemas and resource types, as a tenant's items of the table.
    ///
    /// # Errors
    ///
    /// [`Error::Document`] when the file in `infra/schemas` was not one of these.
    pub fn settings(self) -> Result<Vec<Setting>, Error> {
        let (name, text) = match self {
            Self::Interact => ("interact", include_str!("../../../infra/schemas/interact.json")),
            Self::Talkdesk => ("talkdesk", include_str!("../../../infra/schemas/talkdesk.json")),
        };
        let path = PathBuf::from(format!("infra/schemas/{name}.json"));
        documents::parse(text).map_err(|reason| Error::Document(path, reason))
    }
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum;
    use scim::catalog::Catalog;

    use super::*;

    #[test]
    fn every_pack_can_be_served() {
        for pack in Pack::value_variants() {
            let documents = pack.settings().unwrap().into_iter().map(|setting| setting.document);
            let catalog = Catalog::new(documents.collect());
            assert_eq!(catalog.faults, [], "{pack:?}");
            assert!(catalog.resource_types[0].extensions.len() > 1, "{pack:?} extends users");
        }
    }
}
