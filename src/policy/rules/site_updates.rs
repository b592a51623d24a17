//! `site-updates`: Drupal sites run no known-vulnerable or unsupported code.
//!
//! One finding a site on what is vulnerable, which is one `composer update`; another one on what nobody supports.

mod support;

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::domain::facts::{ComposerPackage, DrupalDatabase, DrupalRecord, SiteSeen, UnreadRecord};
use crate::domain::{Judgement, Limit, Link, Period, Shown, Verdict, counted};
use crate::policy::drupal::{Advised, Doubt, Hit, Site, Untold, gives_up, sites};
use crate::policy::matching::{Told, Truth};
use crate::policy::{Case, Rule, no_exhibits};

const MEASURE: &str = "site-updates";

const SITE_UPDATE: Limit = Limit {
    key: "site_update",
    default: Period::days(2),
    help: "a security release is installed on a site within this time after its advisory",
};

pub const RULE: Rule = Rule { measure: MEASURE, limits: &[&SITE_UPDATE], judge, exhibits: no_exhibits };

fn judge(case: &Case<'_>) -> Vec<Judgement> {
    let truth = Truth::of(case.evidence, case.now);
    let advised = truth.drupal.as_ref().map(|told| Advised::of(told.fact));
    sites(case.evidence, case.now)
        .iter()
        .flat_map(|site| {
            let known = truth.drupal.as_ref().zip(advised.as_ref());
            judge_site(case, &truth, site, known)
        })
        .collect()
}

/// The database, and the same by package.
type Known<'r, 'a> = Option<(&'r Told<'a, DrupalDatabase>, &'r Advised<'a>)>;

fn judge_site(case: &Case<'_>, truth: &Truth<'_>, site: &Site<'_>, known: Known<'_, '_>) -> Vec<Judgement> {
    let seen = match (&site.doubt, site.seen) {
        (None, Some((seen, _))) => seen,
        (doubt, _) => {
            let doubt = doubt.clone().unwrap_or_else(|| "not read yet".into());
            let judged = begin(site, Verdict::Unknown, doubt.clone());
            let judged = judged.because(site.source.id.to_string(), site.source.good_at, doubt);
            let mend = site.source.fault.as_ref().and_then(|fault| fault.mend.clone());
            return vec![Judgement { mend, ..judged }];
        }
    };
    let Some((told, advised)) = known else {
        let title = "what is vulnerable is unknown: Drupal's database was never read";
        return vec![
            begin(site, Verdict::Unknown, title).mend("set drupal_osv in [advisories], or see why it is silent"),
        ];
    };
    // One without a fix that is known is mendable too: most of these are of a single release, and the next one is clean.
    let given_up = |hit: &Hit<'_>| gives_up(hit.record, hit.package.name.as_str());
    let (lost, mendable): (Vec<Hit<'_>>, Vec<Hit<'_>>) = advised.hits(seen).into_iter().partition(given_up);
    let checked = Checked { case, truth, site, told, advised, seen };
    // Where all that is vulnerable was given up, the row on that says it, and "none is vulnerable" would be a lie.
    let vulnerable = checked.vulnerable(&mendable);
    let vulnerable = (vulnerable.verdict != Verdict::Ok || lost.is_empty()).then_some(vulnerable);
    vulnerable.into_iter().chain(support::unsupported(&checked, &lost)).collect()
}

fn begin(site: &Site<'_>, verdict: Verdict, title: impl Into<Shown>) -> Judgement {
    let on = format!("{} on {}", site.register.root, site.register.server);
    Judgement::new(MEASURE, site.declared.subject.clone(), verdict, title).because(
        site.declared.place.clone(),
        None,
        on,
    )
}

/// A site with all that judges it.
struct Checked<'r, 'a> {
    case: &'r Case<'r>,
    truth: &'r Truth<'r>,
    site: &'r Site<'a>,
    told: &'r Told<'a, DrupalDatabase>,
    advised: &'r Advised<'a>,
    seen: &'r SiteSeen,
}

/// One package, and the advisories that its installed version is affected by.
struct Behind<'a> {
    package: &'a ComposerPackage,
    fix: Option<&'a Shown>,
    records: Vec<&'a DrupalRecord>,
}

impl Checked<'_, '_> {
    fn vulnerable(&self, hits: &[Hit<'_>]) -> Judgement {
        let mut behind: BTreeMap<&Shown, Behind<'_>> = BTreeMap::new();
        for hit in hits {
            let one = || Behind { package: hit.package, fix: self.advised.fix(hit.package), records: Vec::new() };
            behind.entry(&hit.package.name).or_insert_with(one).records.push(hit.record);
        }
        let behind: Vec<Behind<'_>> = behind.into_values().collect();
        let untold = self.advised.untold(self.seen);
        let exploited = hits.iter().find_map(|hit| self.exploited(hit.record));
        let since = hits.iter().filter_map(|hit| out(hit.record.published)).min();
        let limit = self.case.limits.of(&SITE_UPDATE);
        let late = since.is_some_and(|since| self.case.now.duration_since(since) > limit.as_duration());
        let verdict = match () {
            () if behind.is_empty() && (self.told.doubt.is_some() || !untold.is_empty()) => Verdict::Unknown,
            () if behind.is_empty() => Verdict::Ok,
            () if late || exploited.is_some() => Verdict::Broken,
            () => Verdict::Due,
        };
        let title = self.title(&behind, &untold, exploited.is_some());
        let judged = self.doubted(self.source(begin(self.site, verdict, title)), &untold);
        let judged = self.because(judged, &behind, exploited.as_ref());
        let judged = self.withdrawn(judged);
        // Each advisory by itself: a package may have more of them than one line holds, and none may hide behind others.
        let each = behind.iter().flat_map(|one| one.records.iter().map(|record| (&one.package.name, &record.id)));
        let judged =
            each.fold(judged, |judged, (package, id)| judged.asking(format!("package {package} {id}"), "vulnerable"));
        if behind.is_empty() {
            return match mend(&untold) {
                Some(mend) => judged.mend(mend),
                None => judged,
            };
        }
        judged
            .detail(&detail(&behind))
            .since(since)
            .weight(if exploited.is_some() { 95 } else { 70 })
            .link(behind.first().and_then(|one| link(one.records.first()?)))
            .because(format!("limits.{}", SITE_UPDATE.key), None, format!("installed within {limit}"))
            .mend(update(&behind))
    }

    /// Its vulnerability that is known to be exploited, and since when that is known.
    fn exploited(&self, record: &DrupalRecord) -> Option<(Shown, Date)> {
        let listed = |cve: &Shown| Some((cve.clone(), self.truth.exploited_since(cve.as_str())?));
        record.aliases.iter().find_map(listed)
    }

    fn title(&self, behind: &[Behind<'_>], untold: &[Untold<'_>], exploited: bool) -> String {
        let drupal = self.seen.packages.iter().filter(|package| is_drupal(package)).count();
        let drupal = counted(drupal, "Drupal package", "Drupal packages");
        let doubt = self.told.doubt.as_ref().map(|doubt| format!("Drupal's database is {doubt}"));
        let mut parts: Vec<String> = Vec::new();
        if exploited {
            parts.push("exploited".to_owned());
        }
        let named = |package: &ComposerPackage| format!("{} {}", short(&package.name), package.version);
        match (&behind, doubt) {
            ([], Some(doubt)) => parts.push(doubt),
            ([], None) if untold.is_empty() => parts.push(format!("none of {drupal} is vulnerable")),
            ([], None) => {
                parts.push(format!("{} of {drupal} cannot be told", untold.len()));
                parts.extend(untold.iter().take(3).map(|one| named(one.package)));
            }
            (behind, _) => {
                parts.push(format!("{} of {drupal} vulnerable", behind.len()));
                parts.extend(behind.iter().take(3).map(|one| {
                    let fix = one.fix.map_or_else(String::new, |fix| format!(" → {fix}"));
                    format!("{}{fix}", named(one.package))
                }));
                parts.extend((!untold.is_empty()).then(|| format!("{} cannot be told", untold.len())));
            }
        }
        parts.join(" · ")
    }

    /// What nobody can tell, and why.
    fn doubted(&self, judged: Judgement, untold: &[Untold<'_>]) -> Judgement {
        let at = self.site.seen.map(|(_, at)| at);
        untold.iter().fold(judged, |judged, Untold { package, why }| {
            let why = match why {
                Doubt::Branch => format!("{} is a branch: whether it holds the fixes cannot be told", package.version),
                Doubt::Bounds(record) => format!("what {} affects cannot be read", record.id),
                Doubt::Unread(record) => format!("{} cannot be read: {}", named(record), record.why),
            };
            let judged = judged.because(self.site.source.id.to_string(), at, format!("{} {why}", package.name));
            judged.asking(format!("package {}", package.name), why)
        })
    }

    /// What would concern it, had its publishers not taken it back.
    fn withdrawn(&self, judged: Judgement) -> Judgement {
        let id = self.told.source.id.to_string();
        self.advised.withdrawn(self.seen).into_iter().fold(judged, |judged, Hit { record, package }| {
            let said = format!("{} {}: {} was withdrawn", package.name, package.version, record.id);
            let item = format!("package {} {}", package.name, record.id);
            judged.because(id.as_str(), self.told.source.good_at, said).standing(item, "withdrawn")
        })
    }

    /// The lock, and the database.
    fn source(&self, judged: Judgement) -> Judgement {
        let locked = match self.seen.packages.len() {
            1 => "1 package is locked".to_owned(),
            count => format!("{count} packages are locked"),
        };
        let at = self.site.seen.map(|(_, at)| at);
        let judged = judged.because(self.site.source.id.to_string(), at, locked);
        let records = counted(self.told.fact.records.len(), "advisory", "advisories");
        let doubt = self.told.doubt.as_ref().map(|doubt| format!("; it is {doubt}")).unwrap_or_default();
        let said = format!("{records} of Drupal's security team{doubt}");
        judged.because(self.told.source.id.to_string(), self.told.source.good_at, said)
    }

    fn because(&self, mut judged: Judgement, behind: &[Behind<'_>], exploited: Option<&(Shown, Date)>) -> Judgement {
        let id = self.told.source.id.to_string();
        for one in behind.iter().take(6) {
            let ids: Vec<String> = one.records.iter().map(|record| dated(record)).collect();
            let said = format!("{} {} is affected by {}", one.package.name, one.package.version, ids.join(", "));
            judged = judged.because(id.as_str(), self.told.source.good_at, said);
        }
        if let (Some((cve, since)), Some(catalogue)) = (exploited, &self.truth.exploited) {
            let said = format!("{cve} is exploited, known since {since}");
            judged = judged.because(catalogue.source.id.to_string(), catalogue.source.good_at, said);
        }
        judged
    }
}

fn update(behind: &[Behind<'_>]) -> String {
    let name = |one: &Behind<'_>| one.package.name.to_string();
    let names: Vec<String> = behind.iter().take(6).map(name).collect();
    let update = format!("composer update {} --with-all-dependencies, and deploy it", names.join(" "));
    match behind.iter().find(|one| one.fix.is_none()) {
        Some(one) => format!("{update}; which {} is mended is not said: see its advisory", name(one)),
        None => update,
    }
}

fn mend(untold: &[Untold<'_>]) -> Option<String> {
    let first = untold.first()?;
    let read = |id: &str| {
        format!("read {id} on drupal.org: does it concern {} {}?", first.package.name, first.package.version)
    };
    Some(match first.why {
        Doubt::Branch => format!("lock a release of {}, or accept the branch for a time", first.package.name),
        Doubt::Bounds(record) => read(record.id.as_str()),
        Doubt::Unread(record) => read(&named(record)),
    })
}

/// `SA-CONTRIB-2026-080`, which is `DRUPAL-CONTRIB-2026-080.json` in the database.
fn named(record: &UnreadRecord) -> String {
    let file = record.name.as_str().rsplit('/').next().unwrap_or_default();
    file.strip_suffix(".json").unwrap_or(file).replacen("DRUPAL-", "SA-", 1)
}

fn detail(behind: &[Behind<'_>]) -> String {
    let line = |one: &Behind<'_>| {
        let ids: Vec<String> = one.records.iter().map(|record| dated(record)).collect();
        let fix = one.fix.map_or_else(String::new, |fix| format!(" → {fix}"));
        format!("{} {}{fix}: {}", one.package.name, one.package.version, ids.join(", "))
    };
    behind.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn dated(record: &DrupalRecord) -> String {
    record.published.map_or_else(|| record.id.to_string(), |date| format!("{} of {date}", record.id))
}

/// When it was certainly out: at the end of its day.
fn out(date: Option<Date>) -> Option<Timestamp> {
    TimeZone::UTC.to_timestamp(date?.tomorrow().ok()?.at(0, 0, 0, 0)).ok()
}

fn link(record: &DrupalRecord) -> Option<Link> {
    Link::parse(&format!("https://www.drupal.org/{}", record.id.as_str().to_lowercase()))
}

fn is_drupal(package: &ComposerPackage) -> bool {
    package.name.as_str().starts_with("drupal/")
}

fn short(name: &Shown) -> &str {
    name.as_str().strip_prefix("drupal/").unwrap_or(name.as_str())
}

#[cfg(test)]
mod tests;
