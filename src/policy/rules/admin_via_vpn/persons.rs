//! Whose a peer is.

use std::collections::BTreeMap;

use jiff::civil::Date;

use crate::domain::facts::{PeerDeclared, PersonDeclared};
use crate::domain::{Evidence, Fact, Shown};

/// The persons of the register, by name.
pub(super) struct Persons<'a>(BTreeMap<&'a Shown, (&'a PersonDeclared, &'a Shown)>);

pub(super) enum Owner<'a> {
    Here,
    /// Its `[[peer]]` names nobody.
    Nobody,
    /// It names somebody whom the register does not have.
    Unlisted(&'a Shown),
    Gone {
        name: &'a Shown,
        left: Date,
        place: &'a Shown,
    },
    /// The register has no persons at all: whose a peer is is not asked.
    Unasked,
}

impl<'a> Persons<'a> {
    pub(super) fn of(evidence: &'a Evidence) -> Self {
        Self(
            evidence
                .declared()
                .filter_map(|declared| match &declared.fact {
                    Fact::PersonDeclared(person) => Some((&declared.subject.name, (person, &declared.place))),
                    _ => None,
                })
                .collect(),
        )
    }

    pub(super) fn owner(&self, peer: &'a PeerDeclared, today: Date) -> Owner<'a> {
        if self.0.is_empty() {
            return Owner::Unasked;
        }
        let Some(name) = &peer.person else { return Owner::Nobody };
        match self.0.get(name) {
            None => Owner::Unlisted(name),
            Some((person, place)) => match person.left.filter(|_| person.has_left(today)) {
                Some(left) => Owner::Gone { name, left, place },
                None => Owner::Here,
            },
        }
    }
}
