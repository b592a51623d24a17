//! unattended-upgrades' log in English: systemd gives services the system's language, and it writes its log in that.

/// What is read of the log, and how its own translations say that (2.9 in Debian 12, 2.12 in 13). What they lack they say
/// in English; errors are known by their level, which has one name everywhere.
const MESSAGES: &[(&str, &[&str])] = &[
    (
        "Starting unattended upgrades script",
        &[
            "Starter skript for unattended upgrades",
            "Skript für automatische Systemaktualisierung wird gestartet",
            "Iniciando guión de actualizaciones desatendidas",
            "Zaindugabeko bertsio-berritze script-a abiarazten",
            "Démarrage du script de mise à niveau automatique",
            "Estase a comezar o script de actualizacións desatendidas",
            "自動アップグレードスクリプトを開始します",
            "Script voor opwaarderingen zonder toezicht wordt gestart.",
            "A iniciar o script de atualização automática",
            "Iniciando o script da atualização desacompanhada",
            "Запускаются сценарии необслуживаемой установки",
            "Spúšťa sa skript bezobslužných aktualizácií",
        ],
    ),
    (
        "All upgrades installed",
        &[
            "Alle opgraderinger er installeret",
            "Alle Systemaktualisierungen installiert",
            "Se han instalado todas las actualizaciones",
            "Bertsio-berritze guztiak instalatu dira",
            "Toutes les mises à niveau ont été installées",
            "Todas as actualizacións foron instaladas",
            "全てのアップグレードがインストールされました",
            "Alle opwaarderingen zijn geïnstalleerd.",
            "Todas as atualizações instaladas",
            "Все обновления установлены",
            "Všetky aktualizácie sú nainštalované",
        ],
    ),
    (
        "No packages found that can be upgraded unattended and no pending auto-removals",
        &[
            "Es wurden keine Pakete gefunden, von denen eine automatische Systemaktualisierung durchgeführt werden kann und kein ausstehendes automatisches Entfernen.",
            "No se encontraron paquetes que puedan actualizarse de forma desatendida y no hay pendiente ninguna desinstalación automática",
            "Aucun paquet à mettre à niveau automatiquement ni à supprimer automatiquement",
            "自動更新可能なパッケージおよび保留中の自動削除が見つかりません",
            "Er werden geen pakketten gevonden die zonder toezicht opgewaardeerd kunnen worden. Tevens zijn er geen pakketten die nog automatisch verwijderd moeten worden.",
        ],
    ),
    (
        "Packages that will be upgraded: %s",
        &[
            "Pakker som vil blive opgraderet: %s",
            "Pakete, welche aktualisiert werden: %s",
            "Paquetes que se actualizarán: %s",
            "Paquets mis à niveau\u{a0}: %s",
            "アップグレード予定のパッケージ: %s",
            "Pakketten die opgewaardeerd zullen worden: %s",
        ],
    ),
    (
        "Removing unused kernel packages: %s",
        &[
            "Unbenutzte Kernelpakete werden entfernt: %s",
            "Suppression des paquets du noyau non utilisés\u{a0}:%s",
            "Ongebruikte kernelpakketten worden verwijderd. Namelijk: %s",
            "使用されないカーネルパッケージを削除中: %s",
        ],
    ),
    (
        "Packages that were successfully auto-removed: %s",
        &[
            "Pakete welche erfolgreich automatisch entfernt wurden: %s",
            "Ces paquets ont été supprimés automatiquement correctement\u{a0}: %s",
            "Pakketten die met succes automatisch verwijderd werden: %s",
            "自動削除に成功したパッケージ: %s",
        ],
    ),
    (
        "Package %s has conffile prompt and needs to be upgraded manually",
        &[
            "Paket »%s« hat eine conffile-Eingabeaufforderung und muss manuell aktualisiert werden",
            "Le paquet %s propose une invite de fichier de configuration et nécessite une mise à niveau manuelle",
            "Pakket %s heeft een configuratievraag en moet handmatig opgewaardeerd worden.",
            "パッケージ %s には手動で確認とアップグレードが必要な設定ファイルがあります",
        ],
    ),
    (
        "package %s upgradable but fails to be marked for upgrade (%s)",
        &[
            "Paket »%s« ist aktualisierbar aber das Markierungen zur Aktualisierung ist fehlgeschlagen (%s)",
            "Le paquet %s peut être mis à niveau mais échoue à être marqué comme tel (%s)",
            "Pakket %s kan opgewaardeerd worden, maar het lukt niet om het te merken voor opwaardering (%s).",
            "パッケージ %s はアップグレード可能ですが、アップグレード予定にできませんでした (%s)",
        ],
    ),
];

/// One line of the log: `2026-11-23 19:35:28,282 INFO Alle Systemaktualisierungen installiert`.
pub fn in_english(line: &str) -> String {
    let translated = || {
        let words = line.splitn(4, ' ').nth(3)?;
        let head = &line[..line.len() - words.len()];
        // A list of nothing ends behind its heading.
        let words = format!("{} ", words.trim());
        let mut all = MESSAGES.iter().flat_map(|(english, others)| others.iter().map(move |other| (english, other)));
        let said = all.find_map(|(english, other)| Some(filled(english, &values(other, &words)?)))?;
        Some(format!("{head}{said}"))
    };
    translated().unwrap_or_else(|| line.to_owned())
}

/// What stands for each `%s` of a message.
fn values<'a>(message: &str, words: &'a str) -> Option<Vec<&'a str>> {
    let mut pieces = message.split("%s");
    let mut rest = words.strip_prefix(pieces.next()?)?;
    let mut values = Vec::new();
    for piece in pieces {
        let (value, after) = match rest.split_once(piece) {
            Some(("", _)) if piece.is_empty() => (rest, ""),
            Some(split) => split,
            // The bracket at the end of a long line is cut off.
            None if piece.starts_with(')') => (rest, ""),
            None => return None,
        };
        values.push(value.trim());
        rest = after;
    }
    rest.trim().is_empty().then_some(values)
}

fn filled(message: &str, values: &[&str]) -> String {
    let mut values = values.iter();
    let mut pieces = message.split("%s");
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(first, |text, piece| text + values.next().unwrap_or(&"") + piece)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn english(words: &str) -> String {
        in_english(&format!("2026-11-23 19:35:28,282 INFO {words}")).splitn(4, ' ').nth(3).unwrap().to_owned()
    }

    #[test]
    fn every_translation_says_the_same_in_english() {
        for (message, others) in MESSAGES {
            for other in *others {
                let named = |text: &str| text.replacen("%s", "libx-y1.0", 1).replacen("%s", "E:no", 1);
                assert_eq!(english(&named(other)), named(message));
                assert_eq!(message.matches("%s").count(), other.matches("%s").count(), "{other}");
            }
        }
        assert_eq!(english("Pakete, welche aktualisiert werden: "), "Packages that will be upgraded: ");
        assert_eq!(english("Pakete, welche aktualisiert werden: a b"), "Packages that will be upgraded: a b");
    }

    #[test]
    fn what_is_no_translation_stays_as_it_is() {
        for words in [
            "All upgrades installed",
            "Package x is blacklisted.",
            "Alle Systemaktualisierungen",
            "Paket »x« y",
            "",
            "%s",
        ] {
            assert_eq!(english(words), words);
        }
        assert_eq!(in_english("Traceback (most"), "Traceback (most");
        assert_eq!(in_english(""), "");
    }

    #[test]
    fn a_line_that_was_cut_off_is_still_a_cause() {
        let cut = "Paket »nginx« ist aktualisierbar aber das Markierungen zur Aktualisierung ist fehlgeschlagen (E:Unable to corr";
        assert_eq!(english(cut), "package nginx upgradable but fails to be marked for upgrade (E:Unable to corr)");
    }
}
