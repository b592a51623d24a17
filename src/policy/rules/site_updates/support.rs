//! What nobody supports: modules that were given up, releases without security coverage, majors past their end.

use jiff::civil::{Date, date};

use super::{Checked, begin, is_drupal, short};
use crate::domain::composer::ComposerVersion;
use crate::domain::facts::ComposerPackage;
use crate::domain::{Judgement, Shown, Verdict};
use crate::policy::drupal::Hit;

/// Drupal's majors whose last day has been announced and has come.
const ENDED: &[(u64, Date)] = &[(7, date(2025, 1, 5)), (8, date(2021, 11, 2)), (9, date(2023, 11, 1))];

/// One finding on all of it, or none where the site has nothing of the kind. `lost` are advisories on every version that will ever be.
pub(super) fn unsupported(checked: &Checked<'_, '_>, lost: &[Hit<'_>]) -> Option<Judgement> {
    let mut reasons: Vec<(String, String)> = Vec::new();
    for hit in lost {
        let name = hit.package.name.as_str();
        let said = format!("is given up: {}", hit.record.id);
        reasons.push((name.to_owned(), said));
    }
    for package in checked.seen.packages.iter().filter(|package| is_drupal(package)) {
        reasons.extend(reason(package).map(|why| (package.name.to_string(), why)));
    }
    reasons.sort();
    reasons.dedup();
    if reasons.is_empty() {
        return None;
    }
    let mut names: Vec<String> = reasons.iter().map(|(name, _)| short(&name.as_str().into()).to_owned()).collect();
    names.dedup();
    let count = names.len();
    let verb = if count == 1 { "package has" } else { "packages have" };
    let more = count.saturating_sub(4);
    names.truncate(4);
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    let title = format!("{count} {verb} no security support: {}{more}", names.join(", "));
    let lines: Vec<String> = reasons.iter().map(|(name, why)| format!("{name} {why}")).collect();
    let exploited = lost.iter().any(|hit| checked.exploited(hit.record).is_some());
    let verdict = if exploited { Verdict::Broken } else { Verdict::Due };
    let mut judged = begin(checked.site, verdict, title).part("support").detail(&lines.join("\n")).weight(45);
    judged = checked.source(judged);
    for (name, why) in reasons.iter().take(8) {
        judged = judged.because(
            checked.site.source.id.to_string(),
            checked.site.seen.map(|(_, at)| at),
            format!("{name} {why}"),
        );
    }
    // One thing stands in one way: what is said of a package is said at once.
    for reasons in reasons.chunk_by(|one, other| one.0 == other.0) {
        let words: Vec<&str> = reasons.iter().map(|(_, why)| why.as_str()).collect();
        judged = judged.asking(format!("package {}", reasons[0].0), words.join("; "));
    }
    Some(judged.mend("replace them, or move to a branch that is supported; or accept it for a time"))
}

fn reason(package: &ComposerPackage) -> Option<String> {
    if package.name == "drupal/core" {
        return major(package).and_then(|major| {
            let (_, ended) = ENDED.iter().find(|(ended, _)| *ended == major)?;
            Some(format!("{} is of Drupal {major}, whose support ended on {ended}", package.version))
        });
    }
    let covered = package.coverage.as_ref().map(Shown::as_str);
    match (&package.abandoned, covered) {
        (Some(instead), _) if *instead != "yes" => Some(format!("is abandoned; {instead} replaces it")),
        (Some(_), _) => Some("is abandoned".to_owned()),
        (None, Some("not-covered")) => Some(format!("{} is not covered by security advisories", package.version)),
        _ => None,
    }
}

/// Of a release, or of a branch: `10.3.x-dev`, `dev-9.5.x`.
fn major(package: &ComposerPackage) -> Option<u64> {
    let version = package.version.as_str();
    let of_branch = || {
        let name = version.strip_prefix("dev-").unwrap_or(version);
        name.split(|letter: char| !letter.is_ascii_digit()).next()?.parse().ok()
    };
    ComposerVersion::parse(version).map(ComposerVersion::major).or_else(of_branch)
}
