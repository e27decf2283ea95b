"""The tables of a database of screens, as ordered migrations: a file knows how many of them it has been through."""

from collections.abc import Callable

import duckdb

from explorer.store.behaviour import describe
from explorer.store.summaries import summarise

APPLICATION = "mutation-explorer"


def m001_screens(connection: duckdb.DuckDBPyConnection) -> None:
    """Models, experiments, screens and their matrices; mutants, phenotypes, and which batches are done."""
    connection.execute("""
        CREATE TYPE operation AS ENUM ('zero', 'max', 'min', 'control');
        CREATE TABLE models (
            model USMALLINT PRIMARY KEY, name VARCHAR NOT NULL, source VARCHAR NOT NULL, family VARCHAR NOT NULL,
            fingerprint VARCHAR NOT NULL UNIQUE, layers USMALLINT NOT NULL, parameters UBIGINT NOT NULL
        );
        CREATE TABLE experiments (
            experiment USMALLINT PRIMARY KEY, name VARCHAR NOT NULL, title VARCHAR NOT NULL, prompt VARCHAR NOT NULL,
            chat BOOLEAN NOT NULL, max_new_tokens INTEGER NOT NULL, temperature DOUBLE NOT NULL, top_p DOUBLE NOT NULL,
            seed BIGINT NOT NULL, UNIQUE (name, prompt, chat, max_new_tokens, temperature, top_p, seed)
        );
        CREATE TABLE screens (
            screen USMALLINT PRIMARY KEY, model USMALLINT NOT NULL, experiment USMALLINT NOT NULL, plan JSON NOT NULL,
            background VARCHAR NOT NULL, mode VARCHAR NOT NULL, version VARCHAR NOT NULL, device VARCHAR NOT NULL,
            dtype VARCHAR NOT NULL, batch USMALLINT NOT NULL, mutants UBIGINT NOT NULL,
            baseline_tokens INTEGER[] NOT NULL, baseline_text VARCHAR NOT NULL, started TIMESTAMP NOT NULL,
            finished TIMESTAMP
        );
        CREATE TABLE matrices (
            screen USMALLINT NOT NULL, matrix UINTEGER NOT NULL, name VARCHAR NOT NULL, layer USMALLINT NOT NULL,
            kind VARCHAR NOT NULL, rows UINTEGER NOT NULL, columns UINTEGER NOT NULL,
            unit_rows UINTEGER NOT NULL, unit_columns UINTEGER NOT NULL
        );
        CREATE TABLE mutants (
            screen USMALLINT NOT NULL, matrix UINTEGER NOT NULL, down UINTEGER NOT NULL, across UINTEGER NOT NULL,
            operation operation NOT NULL, first_divergence USMALLINT, overflow BOOLEAN NOT NULL, mean_kl FLOAT,
            added_nll FLOAT, verified USMALLINT NOT NULL, near_tie BOOLEAN NOT NULL, phenotype UINTEGER
        );
        CREATE TABLE phenotypes (
            screen USMALLINT NOT NULL, phenotype UINTEGER NOT NULL, text VARCHAR NOT NULL, tokens INTEGER[] NOT NULL,
            ending VARCHAR NOT NULL, cosine FLOAT NOT NULL, repetition FLOAT NOT NULL
        );
        CREATE TABLE batches (
            screen USMALLINT NOT NULL, number UINTEGER NOT NULL, mutants USMALLINT NOT NULL, seconds FLOAT NOT NULL
        );
    """)


def m002_summaries(connection: duckdb.DuckDBPyConnection) -> None:
    """What phenotypes are like; and the counts of finished screens, which would take seconds to count again."""
    connection.execute("""
        ALTER TABLE phenotypes ADD COLUMN perplexity FLOAT;
        ALTER TABLE phenotypes ADD COLUMN style VARCHAR;
        CREATE TABLE summaries (
            screen USMALLINT NOT NULL, matrix UINTEGER NOT NULL, operation operation NOT NULL,
            mutants UINTEGER NOT NULL, nonsilent UINTEGER NOT NULL, phenotypes UINTEGER NOT NULL,
            near_ties UINTEGER NOT NULL, overflows UINTEGER NOT NULL, mean_kl FLOAT, mean_added_nll FLOAT
        );
    """)


def m003_statistics(connection: duckdb.DuckDBPyConnection) -> None:
    """Which phenotypes are destroyed, and their score of a task; and what the statistics read of finished screens.

    A phenotype that was published without its text has no cosine.

    A bitmap has a bit for each unit of a matrix, row after row: whether an operation was screened there, and whether
    it was non-silent. Estimates have a float32 for each: what an operation there would do to first order.
    """
    connection.execute("""
        ALTER TABLE phenotypes ADD COLUMN destructive BOOLEAN DEFAULT false;
        ALTER TABLE phenotypes ADD COLUMN score VARCHAR;
        ALTER TABLE phenotypes ALTER cosine DROP NOT NULL;
        UPDATE phenotypes SET destructive = coalesce(style IN ('loop', 'gibberish'), false) OR ending = 'overflow';
        ALTER TABLE batches ALTER mutants TYPE UINTEGER;
        DROP TABLE summaries;
        CREATE TABLE counts (
            screen USMALLINT NOT NULL, layer USMALLINT, kind VARCHAR, operation VARCHAR, mutants UINTEGER,
            nonsilent UINTEGER NOT NULL, phenotypes UINTEGER NOT NULL, near_ties UINTEGER NOT NULL,
            overflows UINTEGER NOT NULL, destructive UINTEGER NOT NULL,
            measured UINTEGER NOT NULL, mean_kl FLOAT, mean_added_nll FLOAT
        );
        CREATE TABLE distributions (
            screen USMALLINT NOT NULL, layer USMALLINT NOT NULL, kind VARCHAR NOT NULL, operation operation NOT NULL,
            measure VARCHAR NOT NULL, bin VARCHAR NOT NULL, mutants UINTEGER NOT NULL
        );
        CREATE TABLE bitmaps (
            screen USMALLINT NOT NULL, matrix UINTEGER NOT NULL, operation operation NOT NULL,
            screened BLOB NOT NULL, nonsilent BLOB NOT NULL
        );
        CREATE TABLE estimates (
            screen USMALLINT NOT NULL, matrix UINTEGER NOT NULL, operation operation NOT NULL, added_nll BLOB NOT NULL
        );
    """)
    for (screen,) in connection.execute("SELECT screen FROM screens WHERE finished IS NOT NULL").fetchall():
        summarise(connection, screen)


def m004_behaviour(connection: duckdb.DuckDBPyConnection) -> None:
    """What the gallery reads of phenotypes, and the task of an experiment.

    `mutants` is how many share a phenotype, and the place and operation are those of the strongest of them; `length`
    is that of a text, null where none was published. `cluster` is the phenotype that leads the group of those that are
    nearly the same. `words` tells which have a word.
    """
    connection.execute("""
        ALTER TABLE phenotypes ADD COLUMN mutants UINTEGER;
        ALTER TABLE phenotypes ADD COLUMN matrix UINTEGER;
        ALTER TABLE phenotypes ADD COLUMN down UINTEGER;
        ALTER TABLE phenotypes ADD COLUMN across UINTEGER;
        ALTER TABLE phenotypes ADD COLUMN operation operation;
        ALTER TABLE phenotypes ADD COLUMN length UINTEGER;
        ALTER TABLE phenotypes ADD COLUMN cluster UINTEGER;
        ALTER TABLE experiments ADD COLUMN task VARCHAR DEFAULT '';
        CREATE TABLE words (screen USMALLINT NOT NULL, word VARCHAR NOT NULL, phenotypes UINTEGER[] NOT NULL);
    """)
    for (screen,) in connection.execute("SELECT screen FROM screens WHERE finished IS NOT NULL").fetchall():
        describe(connection, screen)


def m005_record(connection: duckdb.DuckDBPyConnection) -> None:
    """The lab record: every run with what it was made with, what was asked and what came of it. Times are UTC."""
    connection.execute("""
        CREATE SEQUENCE run_numbers;
        CREATE TABLE runs (
            run UINTEGER NOT NULL, time TIMESTAMP NOT NULL, kind VARCHAR NOT NULL, model VARCHAR NOT NULL,
            source VARCHAR NOT NULL, fingerprint VARCHAR NOT NULL, device VARCHAR NOT NULL, dtype VARCHAR NOT NULL,
            program VARCHAR NOT NULL, torch VARCHAR NOT NULL, transformers VARCHAR NOT NULL,
            genotypes VARCHAR[] NOT NULL, prompt VARCHAR, chat BOOLEAN, max_new_tokens INTEGER, temperature DOUBLE,
            top_p DOUBLE, seed BIGINT, original VARCHAR, mutated VARCHAR, metrics MAP(VARCHAR, DOUBLE) NOT NULL,
            tags VARCHAR[] NOT NULL, note VARCHAR NOT NULL, link VARCHAR NOT NULL, detail JSON NOT NULL
        );
    """)


def m006_votes(connection: duckdb.DuckDBPyConnection) -> None:
    """Blind tests: each vote with what was shown, in which order, and whose text was chosen. Times are UTC.

    `swapped` is whether the second genotype's text was shown as text 1; `choice` is the genotype whose text the person
    finds better (mode `better`) or takes for the mutant's (mode `mutant`).
    """
    connection.execute("""
        CREATE TABLE votes (
            time TIMESTAMP NOT NULL, visitor VARCHAR NOT NULL, model VARCHAR NOT NULL, fingerprint VARCHAR NOT NULL,
            first VARCHAR NOT NULL, second VARCHAR NOT NULL, prompt VARCHAR NOT NULL, chat BOOLEAN NOT NULL,
            max_new_tokens INTEGER NOT NULL, temperature DOUBLE NOT NULL, top_p DOUBLE NOT NULL, seed BIGINT NOT NULL,
            first_text VARCHAR NOT NULL, second_text VARCHAR NOT NULL, swapped BOOLEAN NOT NULL, mode VARCHAR NOT NULL,
            choice VARCHAR NOT NULL
        );
    """)


def m007_search(connection: duckdb.DuckDBPyConnection) -> None:
    """Words are folded by another rule (`store.search`): the index goes; the texts of such screens are read instead."""
    connection.execute("DELETE FROM words")


def m008_extras(connection: duckdb.DuckDBPyConnection) -> None:
    """What goes with an experiment's prompt, `Prompt.extras` as JSON, makes it another experiment; "": nothing."""
    connection.execute("""
        CREATE TABLE with_extras (
            experiment USMALLINT PRIMARY KEY, name VARCHAR NOT NULL, title VARCHAR NOT NULL, prompt VARCHAR NOT NULL,
            chat BOOLEAN NOT NULL, max_new_tokens INTEGER NOT NULL, temperature DOUBLE NOT NULL, top_p DOUBLE NOT NULL,
            seed BIGINT NOT NULL, task VARCHAR DEFAULT '', extras VARCHAR NOT NULL DEFAULT '',
            UNIQUE (name, prompt, chat, max_new_tokens, temperature, top_p, seed, extras)
        );
        INSERT INTO with_extras BY NAME SELECT * FROM experiments;
        DROP TABLE experiments;
        ALTER TABLE with_extras RENAME TO experiments;
    """)


def m009_published(connection: duckdb.DuckDBPyConnection) -> None:
    """Top-k and a length with the prompt make another experiment; what was published may list some mutants only.

    Of a screen that is partial, what it does not list is unknown, and so is how many mutants there were. Null counts
    are unknown too.
    """
    connection.execute("""
        CREATE TABLE with_length (
            experiment USMALLINT PRIMARY KEY, name VARCHAR NOT NULL, title VARCHAR NOT NULL, prompt VARCHAR NOT NULL,
            chat BOOLEAN NOT NULL, max_new_tokens INTEGER NOT NULL, temperature DOUBLE NOT NULL, top_p DOUBLE NOT NULL,
            seed BIGINT NOT NULL, top_k INTEGER NOT NULL DEFAULT 0, max_length INTEGER NOT NULL DEFAULT 0,
            task VARCHAR DEFAULT '', extras VARCHAR NOT NULL DEFAULT '',
            UNIQUE (name, prompt, chat, max_new_tokens, temperature, top_p, seed, top_k, max_length, extras)
        );
        INSERT INTO with_length BY NAME SELECT * FROM experiments;
        DROP TABLE experiments;
        ALTER TABLE with_length RENAME TO experiments;
        ALTER TABLE runs ADD COLUMN top_k INTEGER;
        ALTER TABLE runs ADD COLUMN max_length INTEGER;
        UPDATE runs SET top_k = 0, max_length = 0 WHERE max_new_tokens IS NOT NULL;
        ALTER TABLE votes ADD COLUMN top_k INTEGER DEFAULT 0;
        ALTER TABLE votes ADD COLUMN max_length INTEGER DEFAULT 0;
        ALTER TABLE screens ADD COLUMN is_partial BOOLEAN DEFAULT false;
    """)
    for column in ("nonsilent", "phenotypes", "near_ties", "overflows", "destructive", "measured"):
        connection.execute(f"ALTER TABLE counts ALTER {column} DROP NOT NULL")


def m010_operations(connection: duckdb.DuckDBPyConnection) -> None:
    """Operations are data: their names (`domain.screened`) in place of the four that were."""
    for table in ("mutants", "phenotypes", "distributions", "bitmaps", "estimates"):
        connection.execute(f"ALTER TABLE {table} ALTER operation TYPE VARCHAR")
    connection.execute("DROP TYPE operation")


def m011_evolution(connection: duckdb.DuckDBPyConnection) -> None:
    """Directed evolution: what was asked, who was born, what was measured. Times are UTC.

    `key` stands for model and question, so that one that was killed is found again. A measurement's `setup` stands for
    all that its numbers depend on but the genotype; `numbers` are its items, `texts` the answers where there are some.
    """
    connection.execute("""
        CREATE TABLE evolutions (
            evolution UINTEGER PRIMARY KEY, key VARCHAR NOT NULL UNIQUE, started TIMESTAMP NOT NULL,
            finished TIMESTAMP, model VARCHAR NOT NULL, source VARCHAR NOT NULL, fingerprint VARCHAR NOT NULL,
            dtype VARCHAR NOT NULL, version VARCHAR NOT NULL, asked JSON NOT NULL, seconds DOUBLE NOT NULL,
            verdict JSON
        );
        CREATE TABLE genotypes (
            evolution UINTEGER NOT NULL, number UINTEGER NOT NULL, generation INTEGER NOT NULL,
            genotype VARCHAR NOT NULL, origin VARCHAR NOT NULL, parents UINTEGER[] NOT NULL, scores DOUBLE[] NOT NULL,
            fate VARCHAR NOT NULL, is_rival BOOLEAN NOT NULL
        );
        CREATE TABLE measurements (
            setup VARCHAR NOT NULL, genotype VARCHAR NOT NULL, numbers DOUBLE[] NOT NULL, texts VARCHAR[] NOT NULL
        );
    """)


def m012_setups(connection: duckdb.DuckDBPyConnection) -> None:
    """Which measurements belong to an evolution: of each side, `search` or `held-out`, and each heading the setup.

    A heading is a target, or the answers to a heat. Evolutions of before have theirs once they are run again.
    """
    connection.execute("""
        CREATE TABLE setups (
            evolution UINTEGER NOT NULL, side VARCHAR NOT NULL, heading VARCHAR NOT NULL, setup VARCHAR NOT NULL
        );
    """)


MIGRATIONS: tuple[Callable[[duckdb.DuckDBPyConnection], None], ...] = (
    m001_screens,
    m002_summaries,
    m003_statistics,
    m004_behaviour,
    m005_record,
    m006_votes,
    m007_search,
    m008_extras,
    m009_published,
    m010_operations,
    m011_evolution,
    m012_setups,
)


def migrate(connection: duckdb.DuckDBPyConnection, version: int) -> None:
    """Bring a file from a version to the present one, each migration in a transaction of its own."""
    for number, migration in enumerate(MIGRATIONS[version:], version + 1):
        connection.begin()
        if number == 1:
            connection.execute("CREATE TABLE application (name VARCHAR NOT NULL, version INTEGER NOT NULL)")
            connection.execute("INSERT INTO application VALUES (?, 0)", [APPLICATION])
        migration(connection)
        connection.execute("UPDATE application SET version = ?", [number])
        connection.commit()


def version_of(connection: duckdb.DuckDBPyConnection) -> int | None:
    """How many migrations a file has been through: 0 if it is empty, None if it is not one of ours."""
    tables = {row[0] for row in connection.execute("SELECT table_name FROM information_schema.tables").fetchall()}
    if not tables:
        return 0
    if "application" not in tables:
        return None
    rows = connection.execute("SELECT name, version FROM application").fetchall()
    return int(rows[0][1]) if rows and rows[0][0] == APPLICATION else None
