//! The order of findings.

use std::cmp::Reverse;

use crate::domain::Judgement;

/// Worst verdict first; then the rule's weight; then the one that began last; then the key, so that the order never
/// depends on the order of the evidence. Of several judgements under one key the worst stays.
pub fn ranked(mut judgements: Vec<Judgement>) -> Vec<Judgement> {
    judgements.sort_by_cached_key(|judgement| {
        (
            Reverse(judgement.verdict),
            Reverse(judgement.weight),
            Reverse(judgement.since),
            judgement.key(),
            judgement.title.clone(),
        )
    });
    let mut keys = std::collections::HashSet::new();
    judgements.retain(|judgement| keys.insert(judgement.key()));
    judgements
}
