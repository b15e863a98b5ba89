/**
 * The tables of a replica's SQLite file, version 2 (version 1 had a row for each update). Content is sealed; what stands in clear are ids, times and states.
 * The log is a table of segments: the key of one is its collection times 2^48 plus the seq of its last row. A document's
 * row names its newest row of the log, and each row the one before it: no index of rows by document, and none of
 * documents by newest, has to be kept up with each change.
 */
export const storeVersion = 2

export const storeTables = `
create table meta(name text primary key, value blob not null) without rowid;
create table epochs(position integer primary key, id integer not null, first integer not null);
create table incarnations(collection integer primary key, id text not null);
create table peers(number integer primary key, replica text not null unique, chain text not null, seen integer not null, incarnations text not null);
create table cursors(
  peer integer not null, collection integer not null, epoch integer not null, position integer not null,
  complete integer not null, erased_at integer not null, amnesty integer not null, acknowledged integer not null,
  primary key (peer, collection)) without rowid;
create table followers(name text primary key, cursor integer not null) without rowid;
create table sites(number integer primary key, site text not null unique);
create table documents(
  id integer primary key, collection integer not null, key text not null, generation integer not null, erased integer not null,
  newest integer not null, rows integer not null, flags integer not null, patient text, site integer, starts_at integer,
  facts_at integer not null, vector blob not null, unique (collection, key));
create index long_documents on documents(rows) where rows >= 32;
create table segments(place integer primary key, heads blob not null, sealed blob not null);
create table page_index(
  view text not null, id text not null, document integer not null, patient text, state text not null, at integer not null, sealed blob not null,
  primary key (view, id)) without rowid;
create index page_index_by_time on page_index(view, at);
create index page_index_by_patient on page_index(view, patient, at);
create index page_index_by_document on page_index(document);
`

/** Came after version 2 was first written: made where it is missing, and of no concern to a program that does not know it. */
export const asideTable = `
create table if not exists aside(
  place integer primary key, peer integer not null, epoch integer not null, seq integer not null, collection integer not null,
  key text not null, since integer not null, review text not null, size integer not null, sealed blob not null);
create index if not exists aside_by_document on aside(collection, key, seq, place);
create index if not exists aside_by_review on aside(review, since, size, peer);
`
/** What a file of this version may lack that an earlier build made. */
export const laterIndexes = `
create index if not exists withdrawn_documents on documents(collection, key) where flags >= 8;
create index if not exists page_index_by_state on page_index(view, state, at);
`
