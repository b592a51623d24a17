//! The catalogue of measures.

use serde::Deserialize;

use crate::domain::Measure;

#[derive(Deserialize)]
struct Catalogue {
    measure: Vec<Measure>,
}

/// The catalogue that ships in `assets/measures.toml`.
pub fn measures() -> Vec<Measure> {
    // The file is part of the program, and a test reads it.
    toml::from_str::<Catalogue>(include_str!("../../assets/measures.toml"))
        .map_or_else(|_| Vec::new(), |catalogue| catalogue.measure)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::policy::rules;

    #[test]
    fn every_measure_has_a_rule_and_every_rule_a_measure() {
        let measures: BTreeSet<String> = measures().into_iter().map(|measure| measure.id).collect();
        let judged: BTreeSet<String> = rules::ALL.iter().map(|rule| rule.measure.to_owned()).collect();
        assert!(!measures.is_empty());
        assert_eq!(measures, judged);
    }
}
