#![no_main]

use libfuzzer_sys::fuzz_target;
use matins::domain::composer::{ComposerConstraint, ComposerVersion};
use matins::domain::version::compare;

fuzz_target!(|said: &[u8]| {
    let text = String::from_utf8_lossy(said);
    let (a, b) = text.split_once('\n').unwrap_or((&text, ""));
    assert_eq!(compare(a, b), compare(b, a).reverse());
    if let (Some(constraint), Some(version)) = (ComposerConstraint::parse(a), ComposerVersion::parse(b)) {
        assert!(constraint.holds(version) || !constraint.is_any());
    }
});
