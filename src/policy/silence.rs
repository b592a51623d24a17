//! What the silence of a source asks, of every rule alike: a decision on what nobody knows was made for one cause, and
//! another one is another question.

use std::collections::{BTreeSet, HashMap};

use super::Case;
use crate::domain::{Fault, Judgement, Shown, Standing, Verdict};

/// Adds to what says that its sources are silent why they are. What is not known for another reason stays one row with what is
/// not known for the same. A network that flaps asks nothing anew: only what lasts counts, such as a changed host key or a
/// refused login. The item does not name the source, for servers that are silent for the same cause are one row.
pub fn asks(case: &Case<'_>, judgements: &mut [Judgement]) {
    let silent = case.evidence.sources.iter().filter_map(|source| {
        let fault = source.fault.as_ref().filter(|fault| !fault.passing)?;
        source.doubt(case.now)?;
        let item = format!("{}, {}", source.id.collector, steady(fault.said.as_str()));
        Some((source.id.to_string().into(), (item.into(), &fault.said)))
    });
    let causes: HashMap<Shown, (Shown, &Shown)> = silent.collect();
    if causes.is_empty() {
        return;
    }
    for judgement in judgements.iter_mut().filter(|judgement| judgement.verdict != Verdict::Ok) {
        let told = |said: &Shown| judgement.title.as_str().contains(said.as_str());
        let causes = judgement.because.iter().filter_map(|link| causes.get(&link.source));
        let items: BTreeSet<&Shown> = causes.filter(|(_, said)| told(said)).map(|(item, _)| item).collect();
        let asks = items.into_iter().map(|item| Standing { item: item.clone(), word: "silent".into(), asks: true });
        let asks: Vec<Standing> = asks.collect();
        judgement.standings.each.extend(asks);
    }
}

/// Adds why a part of an answer can't be read, where that is what makes it unknown.
pub fn unread(judgement: Judgement, fault: &Fault) -> Judgement {
    if fault.passing {
        return judgement;
    }
    let item = Shown::from(format!("unread, {}", steady(fault.said.as_str())));
    let known = judgement.standings.iter().any(|one| one.item == item);
    if known { judgement } else { judgement.asking(item, "not known") }
}

/// The same words without their figures: how long ago, how many bytes, whose number. Those change from try to try while
/// the cause stays.
pub fn steady(said: &str) -> Shown {
    let word = |word: &str| {
        let begins = word.trim_start_matches(|c: char| !c.is_alphanumeric()).starts_with(|c: char| c.is_ascii_digit());
        if begins { "…".to_owned() } else { word.to_owned() }
    };
    Shown::line(&said.split_whitespace().map(word).collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_that_change_from_try_to_try_are_no_other_cause() {
        assert_eq!(
            steady("the certificate of web1 expired 5 d ago"),
            steady("the certificate of web1 expired 12 d ago")
        );
        assert_ne!(steady("no login: permission denied"), steady("its host key changed, ssh refused to log in"));
        assert_eq!(steady("failed with status 2: lock of (3h12m4.5s) ago"), *"failed with status … lock of … ago");
    }
}
