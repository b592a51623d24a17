//! The files' tables, joined: every entry with a memory of where each of its keys stood.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use serde_json::{Map, Value};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::domain::Shown;
use crate::domain::settings::{Entry, Misfit, Section};

use super::Trouble;
use super::files::File;

/// Where an entry and its keys stood.
#[derive(Debug, Clone)]
struct Spot {
    file: usize,
    span: Range<usize>,
    /// Dotted path of a key (`expect.shrink`, `sites.0.root`) → key and value.
    keys: BTreeMap<String, Range<usize>>,
}

/// All entries of all files.
#[derive(Debug)]
pub(super) struct Joined {
    files: Vec<File>,
    entries: Vec<Entry>,
    spots: Vec<Spot>,
}

/// Words in a key that may hold something secret: such a line is never printed.
const SECRETIVE: [&str; 6] = ["password", "passphrase", "secret", "token", "credential", "api_key"];

impl Joined {
    /// Parses every file, with its syntax errors, unknown sections and wrong kinds of tables; of those nothing is joined.
    pub fn parse(files: Vec<File>, sections: &[Section]) -> (Self, Vec<Trouble>) {
        let mut joined = Self { files, entries: Vec::new(), spots: Vec::new() };
        let mut troubles = Vec::new();
        for index in 0..joined.files.len() {
            let text = joined.files[index].text.clone();
            let (table, errors) = DeTable::parse_recoverable(&text);
            for error in &errors {
                troubles.push(joined.at(index, error.span().unwrap_or(0..0), error.message().to_owned(), None));
            }
            if errors.is_empty() {
                joined.take(index, table, sections, &mut troubles);
            }
        }
        joined.same_names(sections, &mut troubles);
        (joined, troubles)
    }

    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The entries of one section.
    pub fn of(&self, section: &str) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(move |entry| entry.section == section)
    }

    /// The file and line of one key of an entry.
    pub fn place(&self, entry: &Entry, key: &str) -> Shown {
        let spot = &self.spots[entry.index];
        let span = spot.keys.get(key).unwrap_or(&spot.span);
        let (line, _) = self.files[spot.file].position(span.start);
        Shown::line(&format!("{}:{line}", self.files[spot.file].name))
    }

    /// A misfit with file, line and column.
    pub fn trouble(&self, misfit: &Misfit) -> Trouble {
        let Some(spot) = self.spots.get(misfit.index) else {
            return Trouble::file("configuration", misfit.message.clone());
        };
        let span = misfit.key.as_ref().and_then(|key| spot.keys.get(key)).unwrap_or(&spot.span);
        let (message, advice) =
            misfit.message.split_once('\n').map_or((misfit.message.as_str(), None), |(m, a)| (m, Some(a)));
        self.at(spot.file, span.clone(), message.to_owned(), advice)
    }

    /// All of them, in the order in which they stand in the files.
    pub fn troubles(&self, misfits: &[Misfit]) -> Vec<Trouble> {
        in_order(misfits.iter().map(|misfit| self.trouble(misfit)))
    }

    fn at(&self, file: usize, span: Range<usize>, message: String, advice: Option<&str>) -> Trouble {
        let File { name, text, .. } = &self.files[file];
        let (line, column) = self.files[file].position(span.start);
        let content = text.lines().nth(line - 1).unwrap_or("");
        let secretive = SECRETIVE.iter().any(|word| content.to_lowercase().contains(word));
        Trouble {
            file: name.clone(),
            at: Some((line, column)),
            line: (!secretive && !content.trim().is_empty()).then(|| Shown::line(content).cut(80)),
            message: message.into(),
            advice: advice.map(Shown::from),
        }
    }

    fn take(&mut self, file: usize, table: Spanned<DeTable<'_>>, sections: &[Section], troubles: &mut Vec<Trouble>) {
        for (key, value) in table.into_inner() {
            let Some(section) = sections.iter().find(|section| section.name == &**key.get_ref()) else {
                let names = sections.iter().map(|section| section.name);
                troubles.push(self.at(
                    file,
                    key.span(),
                    format!("unknown section `{}`", key.get_ref()),
                    Some(&nearest(key.get_ref(), names)),
                ));
                continue;
            };
            match (section.many, value.get_ref()) {
                (true, DeValue::Array(array))
                    if array.iter().all(|value| matches!(value.get_ref(), DeValue::Table(_))) =>
                {
                    for element in array {
                        self.push(section.name, file, element, key.span());
                    }
                }
                (false, DeValue::Table(_)) => self.push(section.name, file, &value, key.span()),
                (true, _) => troubles.push(self.at(
                    file,
                    key.span(),
                    format!("there can be several: write [[{}]]", section.name),
                    None,
                )),
                (false, _) => troubles.push(self.at(
                    file,
                    key.span(),
                    format!("there is only one: write [{}]", section.name),
                    None,
                )),
            }
        }
    }

    fn push(&mut self, section: &'static str, file: usize, value: &Spanned<DeValue<'_>>, key: Range<usize>) {
        let mut keys = BTreeMap::new();
        let json = neutral(value.get_ref(), "", &mut keys);
        let span = if value.span().start >= key.start { value.span() } else { key };
        let (line, _) = self.files[file].position(span.start);
        let place = Shown::line(&format!("{}:{line}", self.files[file].name));
        let index = self.entries.len();
        self.entries.push(Entry { section, value: json, place, index });
        self.spots.push(Spot { file, span, keys });
    }

    /// The same name twice in one kind, and the same single table in two files with the same key.
    fn same_names(&self, sections: &[Section], troubles: &mut Vec<Trouble>) {
        let mut seen: HashMap<(&str, String), usize> = HashMap::new();
        for entry in &self.entries {
            let many = sections.iter().any(|section| section.name == entry.section && section.many);
            let names: Vec<(String, String)> = match entry.value.as_object() {
                Some(_) if many => {
                    entry.value["name"].as_str().map(|name| ("name".to_owned(), name.to_owned())).into_iter().collect()
                }
                Some(table) => table.keys().map(|key| (key.clone(), key.clone())).collect(),
                None => Vec::new(),
            };
            for (key, name) in names {
                let Some(first) = seen.insert((entry.section, name.clone()), entry.index) else { continue };
                let first = self.place(&self.entries[first], &key);
                let what = if many {
                    format!("the {} `{name}` is already in {first}", entry.section)
                } else {
                    format!("`{}.{name}` is already set in {first}", entry.section)
                };
                troubles.push(self.trouble(&entry.misfit(Some(&key), what)));
            }
        }
    }
}

/// Each once, in the order in which they stand in the files.
pub(super) fn in_order(troubles: impl Iterator<Item = Trouble>) -> Vec<Trouble> {
    let mut troubles: Vec<Trouble> = troubles.collect();
    troubles.sort_by(|a, b| (&a.file, a.at).cmp(&(&b.file, b.at)));
    troubles.dedup();
    troubles
}

/// TOML without its spans, which go to `keys`; dates become text.
fn neutral(value: &DeValue<'_>, path: &str, keys: &mut BTreeMap<String, Range<usize>>) -> Value {
    let below = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    match value {
        DeValue::String(text) => Value::String(text.to_string()),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
            .map_or_else(|_| Value::String(number.to_string()), Value::from),
        DeValue::Float(number) => {
            number.as_str().parse::<f64>().map_or_else(|_| Value::String(number.to_string()), Value::from)
        }
        DeValue::Boolean(yes) => Value::Bool(*yes),
        DeValue::Datetime(when) => Value::String(when.to_string()),
        DeValue::Array(array) => Value::Array(
            array
                .iter()
                .enumerate()
                .map(|(index, element)| {
                    let path = below(&index.to_string());
                    keys.insert(path.clone(), element.span());
                    neutral(element.get_ref(), &path, keys)
                })
                .collect(),
        ),
        DeValue::Table(table) => {
            let mut map = Map::new();
            for (key, value) in table {
                let path = below(key.get_ref());
                keys.insert(path.clone(), key.span().start..value.span().end.max(key.span().end));
                map.insert(key.get_ref().to_string(), neutral(value.get_ref(), &path, keys));
            }
            Value::Object(map)
        }
    }
}

/// `did you mean …`, or what there is.
pub(super) fn nearest<'a>(wrong: &str, known: impl Iterator<Item = &'a str>) -> String {
    let known: Vec<&str> = known.collect();
    let best = known.iter().map(|name| (strsim::jaro_winkler(wrong, name), *name)).max_by(|a, b| a.0.total_cmp(&b.0));
    match best {
        Some((likeness, name)) if likeness > 0.75 => format!("did you mean `{name}`?"),
        _ => format!("there are: {}", known.join(", ")),
    }
}
