/* SPDX-License-Identifier: Apache-2.0
 * The text form: what printer and parser share, and the parser's tokens. */
#ifndef NESCIO_GRAPH_TEXT_INTERNAL_H
#define NESCIO_GRAPH_TEXT_INTERNAL_H
#include "graph/graph.h"

/** Whether a name can stand without quotes: a letter or '_', then letters, digits, '_'. */
bool nescio_text_is_identifier(const char *name);
/** "float", "int64" ... as ONNX's text writes element types; "undefined" for NONE. Never NULL. */
const char *nescio_text_type_name(nescio_dtype t);
/** The type of that name; false: none. */
bool nescio_text_type_find(const char *name, nescio_dtype *out);
/** A decimal number, "inf", "-inf" or "nan" as a double; the C locale's meaning whatever the
 * locale. */
double nescio_text_double(const char *text);
/** The same as an attribute, which is a float32 in ONNX: up to nine digits mean the float32 nearest
 * to them (nine tell any two apart), more are exact. */
double nescio_text_attribute(const char *text);

typedef enum nescio_token {
    NESCIO_TOKEN_END,
    NESCIO_TOKEN_NAME,   /**< identifier */
    NESCIO_TOKEN_STRING, /**< quoted, escapes replaced */
    NESCIO_TOKEN_INT,
    NESCIO_TOKEN_FLOAT,
    NESCIO_TOKEN_MARK,  /**< one of < > ( ) { } [ ] , : = . ? */
    NESCIO_TOKEN_ARROW, /**< => */
    NESCIO_TOKEN_DOTS,  /**< ... */
} nescio_token;

/** Text being read, and its current token. */
typedef struct nescio_graph_lexer {
    nescio_ctx *ctx;
    nescio_arena *arena; /**< strings of tokens */
    const char *at, *end, *line_start;
    size_t line; /**< from 1 */
    nescio_token token;
    char mark; /**< of MARK */
    const char
        *text; /**< of NAME and STRING, in the arena; of INT and FLOAT, until the next token */
    char number[72];
    const char *start; /**< of the current token, for errors */
} nescio_graph_lexer;

/** Reads the next token. NESCIO_E_FORMAT names line and column. */
NESCIO_MUST_CHECK nescio_status nescio_graph_lexer_next(nescio_graph_lexer *lx);
/** NESCIO_E_FORMAT "line 3, column 7: " and the rest. */
nescio_status nescio_graph_lexer_fail(const nescio_graph_lexer *lx, const char *format, ...)
    NESCIO_PRINTF(2, 3);

/** The parser: one token ahead. */
typedef struct nescio_parser {
    nescio_graph_lexer lx;
    int depth;    /**< of bodies */
    size_t bytes; /**< of the whole text: bounds what a constant may hold */
} nescio_parser;

/** NESCIO_E_NOMEM with a message. */
nescio_status nescio_parser_no_memory(const nescio_parser *p);
NESCIO_MUST_CHECK nescio_status nescio_parser_next(nescio_parser *p);
/** Whether the current token is that mark, a name or string, a number. */
bool nescio_parser_at(const nescio_parser *p, char mark);
bool nescio_parser_at_name(const nescio_parser *p);
bool nescio_parser_at_number(const nescio_parser *p);
/** Each takes one thing and reads the token after it; NESCIO_E_FORMAT when something else stands
 * there. */
NESCIO_MUST_CHECK nescio_status nescio_parser_expect(nescio_parser *p, char mark);
NESCIO_MUST_CHECK nescio_status nescio_parser_name(nescio_parser *p, const char **out);
NESCIO_MUST_CHECK nescio_status nescio_parser_int(nescio_parser *p, int64_t *out);
NESCIO_MUST_CHECK nescio_status nescio_parser_double(nescio_parser *p, double *out);
NESCIO_MUST_CHECK nescio_status nescio_parser_attribute(nescio_parser *p, double *out);
NESCIO_MUST_CHECK nescio_status nescio_parser_type(nescio_parser *p, nescio_dtype *dtype,
                                                   nescio_shape *shape);
/** {1, 2, 3} of that type and shape, into the arena of the lexer. */
NESCIO_MUST_CHECK nescio_status nescio_parser_elements(nescio_parser *p, nescio_dtype dtype,
                                                       const nescio_shape *shape, nescio_tensor *t);
#endif /* NESCIO_GRAPH_TEXT_INTERNAL_H */
