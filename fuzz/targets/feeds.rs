#![no_main]

use libfuzzer_sys::fuzz_target;
use matins::collect::feeds::parse;
use matins::collect::tools::contained::is_contained;
use matins::domain::facts::FeedKind;

/// The fuzzer ends with every panic; those of the feed's parser are known, and contained.
fn forgive() {
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if !is_contained() {
            hook(panic);
        }
    }));
}

fuzz_target!(init: forgive(), |said: &[u8]| {
    for kind in [FeedKind::Debian, FeedKind::Drupal, FeedKind::Any] {
        let _ = parse(kind, said, jiff::Timestamp::UNIX_EPOCH);
    }
});
