// Line ends, indentation, brackets, comments, and the words that need a look ahead.
//
// Inside brackets line ends do not count; outside of them they become _newline, and what the next
// line's indentation changes becomes _indent and _dedent. A body ends before the blank lines and
// comments behind it: comments as deep as the body still belong to it.

#include <stddef.h>
#include <string.h>

#include "tree_sitter/alloc.h"
#include "tree_sitter/parser.h"

enum Token {
  NEWLINE,
  INDENT,
  DEDENT,
  BLANK,
  COMMENT,
  OPEN_ROUND,
  CLOSE_ROUND,
  OPEN_SQUARE,
  CLOSE_SQUARE,
  ADAPT,
  WEIGHTS,
  SKIPS,
  BODY,   // the line end before an indented body; its own, so that no broken line is taken for it
  NEVER,  // valid only while the parser recovers from an error
};

enum { MAX_LEVELS = 128, MAX_WORD = 16, TAB = 8 };

typedef struct {
  uint16_t next_width;  // columns before the next line that has more than a comment
  uint16_t next_column; // columns before the next line that is not blank
  uint16_t open;        // brackets that are open
  uint16_t own_line;    // the last token was a comment on a line of its own
  uint16_t count;
  uint16_t levels[MAX_LEVELS];
} Scanner;

static uint16_t top(const Scanner *self) {
  return self->count > 0 ? self->levels[self->count - 1] : 0;
}

static void skip(TSLexer *lexer) { lexer->advance(lexer, true); }
static void advance(TSLexer *lexer) { lexer->advance(lexer, false); }

static bool is_blank(int32_t c) { return c == ' ' || c == '\t'; }

static bool begins_word(int32_t c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool in_word(int32_t c) { return begins_word(c) || (c >= '0' && c <= '9'); }

static bool give(TSLexer *lexer, enum Token token) {
  lexer->result_symbol = token;
  return true;
}

static bool one_of(const char *word, const char *const *words) {
  for (; *words; words++) {
    if (strcmp(word, *words) == 0) return true;
  }
  return false;
}

// Goes over a word; one that is too long comes out empty.
static void read_word(TSLexer *lexer, char word[MAX_WORD]) {
  unsigned length = 0;
  for (; in_word(lexer->lookahead); advance(lexer)) {
    if (length < MAX_WORD) word[length] = (char)lexer->lookahead;
    length++;
  }
  word[length < MAX_WORD ? length : 0] = '\0';
}

// Goes over the blanks before a line and tells its columns.
static uint16_t read_indent(TSLexer *lexer) {
  unsigned width = 0;
  for (; is_blank(lexer->lookahead); advance(lexer)) {
    width = lexer->lookahead == '\t' ? (width / TAB + 1) * TAB : width + 1;
  }
  return width < UINT16_MAX ? (uint16_t)width : UINT16_MAX;
}

// Looks ahead, from a line's start, for the columns of the lines that follow.
static void survey(Scanner *self, TSLexer *lexer, bool past_comments) {
  bool first = true;
  for (;;) {
    uint16_t width = read_indent(lexer);
    if (lexer->eof(lexer)) width = 0;
    if (lexer->lookahead == '\r' || lexer->lookahead == '\n') {
      advance(lexer);
      continue;
    }
    bool is_comment = lexer->lookahead == '#';
    if (first) self->next_column = width;
    first = false;
    if (!is_comment) self->next_width = width;
    if (!is_comment || !past_comments) return;
    while (!lexer->eof(lexer) && lexer->lookahead != '\n') advance(lexer);
  }
}

static bool read_comment(Scanner *self, TSLexer *lexer, bool own_line) {
  while (!lexer->eof(lexer) && lexer->lookahead != '\n') {
    lexer->mark_end(lexer);
    bool is_return = lexer->lookahead == '\r';
    advance(lexer);
    if (!is_return || lexer->lookahead != '\n') lexer->mark_end(lexer);
  }
  self->own_line = own_line;
  if (own_line) survey(self, lexer, false);
  return give(lexer, COMMENT);
}

// Whether a definition begins here: then a bracket that is open was never going to be closed.
static bool definition_begins(TSLexer *lexer) {
  static const char *const heads[] = {"network", "block", "let", "use", "default", "arch", NULL};
  static const char *const between[] = {"if", "in", "and", "or", "not", "else", "for", NULL};
  char word[MAX_WORD];
  if (!begins_word(lexer->lookahead)) return false;
  read_word(lexer, word);
  if (!one_of(word, heads) || !is_blank(lexer->lookahead)) return false;
  while (is_blank(lexer->lookahead)) advance(lexer);
  if (!begins_word(lexer->lookahead)) return false;
  read_word(lexer, word);
  return !one_of(word, between);
}

static bool end_line(Scanner *self, TSLexer *lexer, const bool *valid) {
  if (lexer->lookahead == '\r') advance(lexer);
  if (lexer->lookahead != '\n') return false;
  advance(lexer);
  lexer->mark_end(lexer);
  if (self->own_line || (self->open > 0 && !definition_begins(lexer))) {
    self->own_line = 0;
    return give(lexer, BLANK);
  }
  if (self->open > 0) {
    self->open = 0;
    self->next_width = self->next_column = 0;
  } else {
    survey(self, lexer, true);
  }
  return give(lexer, valid[BODY] && !valid[NEVER] ? BODY : NEWLINE);
}

static bool end_text(Scanner *self, TSLexer *lexer, const bool *valid) {
  lexer->mark_end(lexer);
  self->next_width = self->next_column = 0;
  if (self->open > 0 || (valid[NEWLINE] && !valid[NEVER])) {
    self->open = 0;
    return give(lexer, NEWLINE);
  }
  if (self->count == 0) return false;
  self->count--;
  return give(lexer, DEDENT);
}

// The token at a line's start, if there is one; otherwise the blanks before the line are skipped.
static bool begin_line(Scanner *self, TSLexer *lexer, const bool *valid) {
  lexer->mark_end(lexer);
  if (self->next_width < top(self) && self->next_column < top(self)) {
    self->count--;
    return give(lexer, DEDENT);
  }
  uint16_t width = 0;
  for (; is_blank(lexer->lookahead); skip(lexer)) {
    unsigned next = lexer->lookahead == '\t' ? (width / TAB + 1u) * TAB : width + 1u;
    width = next < UINT16_MAX ? (uint16_t)next : UINT16_MAX;
  }
  if (lexer->eof(lexer)) return false;
  if (lexer->lookahead == '#') return read_comment(self, lexer, true);
  if (lexer->lookahead == '\r' || lexer->lookahead == '\n') {
    self->own_line = 1;
    return end_line(self, lexer, valid);
  }
  if (width <= top(self) || self->count == MAX_LEVELS) return false;
  lexer->mark_end(lexer);
  self->levels[self->count++] = width;
  return give(lexer, INDENT);
}

static bool bracket(Scanner *self, TSLexer *lexer) {
  int32_t c = lexer->lookahead;
  advance(lexer);
  lexer->mark_end(lexer);
  bool opens = c == '(' || c == '[';
  if (opens && self->open < UINT16_MAX) self->open++;
  if (!opens && self->open > 0) self->open--;
  if (opens) return give(lexer, c == '(' ? OPEN_ROUND : OPEN_SQUARE);
  return give(lexer, c == ')' ? CLOSE_ROUND : CLOSE_SQUARE);
}

// `adapt` and `weights` where no expression can go on so; `long skips` and its like.
static bool special_word(TSLexer *lexer, const bool *valid) {
  static const char *const operators[] = {"if", "in", "and", "or", "not", "else", NULL};
  static const char *const kinds[] = {"short", "long", "dense", "all", NULL};
  char word[MAX_WORD];
  read_word(lexer, word);
  lexer->mark_end(lexer);
  bool adapt = valid[ADAPT] && strcmp(word, "adapt") == 0;
  bool weights = valid[WEIGHTS] && strcmp(word, "weights") == 0;
  bool skips = valid[SKIPS] && one_of(word, kinds);
  if (!(adapt || weights || skips) || !is_blank(lexer->lookahead)) return false;
  while (is_blank(lexer->lookahead)) advance(lexer);
  int32_t c = lexer->lookahead;
  if (adapt && c == '*') return give(lexer, ADAPT);
  if (weights && (c == '"' || c == '\'')) return give(lexer, WEIGHTS);
  if (!begins_word(c)) return false;
  read_word(lexer, word);
  if (skips && strcmp(word, "skips") == 0) {
    lexer->mark_end(lexer);
    return give(lexer, SKIPS);
  }
  if (skips || one_of(word, operators)) return false;
  return give(lexer, adapt ? ADAPT : WEIGHTS);
}

// Skips blanks and line ends behind a backslash; false if there is a stray backslash.
static bool skip_blanks(TSLexer *lexer) {
  for (;;) {
    while (is_blank(lexer->lookahead) || lexer->lookahead == '\f') skip(lexer);
    if (lexer->lookahead != '\\') return true;
    skip(lexer);
    while (is_blank(lexer->lookahead)) skip(lexer);
    if (lexer->lookahead == '\r') skip(lexer);
    if (lexer->lookahead != '\n') return false;
    skip(lexer);
  }
}

bool tree_sitter_arch_external_scanner_scan(void *payload, TSLexer *lexer, const bool *valid) {
  Scanner *self = payload;
  if (self->open == 0 && lexer->get_column(lexer) == 0 && begin_line(self, lexer, valid)) return true;
  if (!skip_blanks(lexer)) return false;
  if (lexer->eof(lexer)) return end_text(self, lexer, valid);
  switch (lexer->lookahead) {
    case '\r':
    case '\n':
      return end_line(self, lexer, valid);
    case '#':
      return read_comment(self, lexer, false);
    case '(':
    case ')':
    case '[':
    case ']':
      return bracket(self, lexer);
    default:
      break;
  }
  bool wanted = valid[ADAPT] || valid[WEIGHTS] || valid[SKIPS];
  return wanted && !valid[NEVER] && begins_word(lexer->lookahead) && special_word(lexer, valid);
}

unsigned tree_sitter_arch_external_scanner_serialize(void *payload, char *buffer) {
  Scanner *self = payload;
  size_t size = offsetof(Scanner, levels) + self->count * sizeof(uint16_t);
  memcpy(buffer, self, size);
  return (unsigned)size;
}

void tree_sitter_arch_external_scanner_deserialize(void *payload, const char *buffer,
                                                   unsigned length) {
  memset(payload, 0, sizeof(Scanner));
  if (length > 0 && length <= sizeof(Scanner)) memcpy(payload, buffer, length);
}

void *tree_sitter_arch_external_scanner_create(void) { return ts_calloc(1, sizeof(Scanner)); }

void tree_sitter_arch_external_scanner_destroy(void *payload) { ts_free(payload); }
