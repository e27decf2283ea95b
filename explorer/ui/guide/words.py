"""The text of the tab Guide: what a mutation is, how to read each number, ten things to try, and the notation."""

from __future__ import annotations

from html import escape
from typing import NamedTuple

from explorer.ui.links import Link, format_link, format_query

FRANCE = "What is the capital of France?"


class Try(NamedTuple):
    """One of the ten things to try."""

    title: str
    look: str
    """At what, in a sentence."""
    address: str
    """The query that opens it."""


def _explore(genotype: str, prompt: str = FRANCE, tokens: int = 48) -> str:
    return format_link(Link(genotype=genotype, prompt=prompt, chat=True, max_new_tokens=tokens))


TRIES = (
    Try(
        "Take away one weight of 134 million",
        "The answer falls apart at its first word. Then drag the slider back towards “now”: where does it speak again?",
        _explore("11.down[507,1229]=0"),
    ),
    Try(
        "Give it a part of that weight back",
        "At 3 instead of 5.88 it speaks again, and makes up a capital. Press Dose–response: filled marks say something "
        "else, hollow ones what the original says.",
        _explore("11.down[507,1229]=3"),
    ),
    Try(
        "Move Paris to England",
        "One layer's attention, 1.6 times as loud, and the answer is false, fluent and certain.",
        _explore("23.attn*1.6"),
    ),
    Try(
        "Silence 2.7 million weights",
        "Nothing happens: the whole MLP of layer 2 is gone, and not a token changes. Most mutations are silent.",
        _explore("2.mlp*0"),
    ),
    Try(
        "Break it with two harmless changes",
        "Each alone is silent, together they are fatal. Take either away with the × of its chip.",
        _explore("2.mlp*0;9.mlp*0"),
    ),
    Try(
        "Make it a poet",
        "The original repeats itself; without one matrix of attention it writes verse.",
        _explore("7.o*0", "Write a lullaby.", 60),
    ),
    Try(
        "Change one head, one word",
        "A ninth of one layer's attention decides a single word. Choose other heads with the slider Head.",
        _explore("9.head4*0"),
    ),
    Try(
        "Read the poems of other mutants",
        "What mutants of this model wrote instead of an answer, found by a screen. A click opens the mutant.",
        format_query({"gallery_of": "bundled", "gallery_styles": "poem"}),
    ),
    Try(
        "See a whole matrix at once",
        "Each cell is a block of weights set to the largest (orange) or smallest (blue) of its matrix. Click one.",
        format_query({"stats_view": "NSM map", "stats_matrix": "11.down"}),
    ),
    Try(
        "Ask what writers begin with",
        "Give a mutant 151 inputs, and see which rare word it begins its answers with.",
        format_query({"tasks_mutants": "28.down[507,678]=0"}),
    ),
)


class Number(NamedTuple):
    """How to read a number of the tab Explore."""

    name: str
    reads: str
    example: str
    """Of the page's first example."""


NUMBERS = (
    Number(
        "First divergence",
        "The first token that the mutant chose otherwise. Early: the mutation hits whatever the model does; late: a "
        "single decision. None: the text is the original's, word for word.",
        "token 1",
    ),
    Number(
        "Tokens changed",
        "Of both texts together the share that an alignment leaves over: 0 % is the same text, 100 % has nothing in "
        "common.",
        "100%",
    ),
    Number(
        "Word similarity",
        "The cosine of the two texts' word counts, without regard to their order: 1 the same words, 0 none in common.",
        "0.00",
    ),
    Number(
        "Mean KL",
        "How far the mutant's predictions are from the original's over the original's own tokens, in nats. It sees "
        "what the text does not show yet: below 0.01 hardly anything, above 1 another model.",
        "2.59 nats",
    ),
    Number(
        "Perplexity",
        "How surprising the original finds the mutated text: as if it had to guess among so many words each time. Near "
        "1 is a text of its own; hundreds are gibberish. A loop soon becomes predictable, and so scores low.",
        "15.1",
    ),
    Number(
        "Nearly a tie",
        "Choices that led by so little that rounding could have turned them. Don't build on a divergence there.",
        "",
    ),
)

_PICTURE = """
<svg viewBox="0 0 560 170" role="img" aria-label="A matrix with a row, a column, a block and a single weight marked">
<g fill="none" stroke="currentColor" stroke-opacity="0.25">%s</g>
<g fill="var(--original)" fill-opacity="0.3"><rect x="20" y="60" width="180" height="15"/>
<rect x="140" y="15" width="15" height="135"/><rect x="50" y="90" width="60" height="45"/></g>
<rect x="170" y="105" width="15" height="15" fill="var(--mutated)"/>
<g fill="currentColor" font-size="14"><text x="216" y="73">row: one output</text>
<text x="216" y="43">column: one input</text>
<text x="216" y="103">block</text><text x="216" y="133" fill="var(--mutated)">one weight</text></g>
<g fill="currentColor" font-size="14"><text x="385" y="52" font-weight="700">what is done to it</text>
<text x="385" y="78">set to 0, to a value,</text><text x="385" y="98">to its matrix's max or min,</text>
<text x="385" y="118">scaled, shifted</text></g></svg>
"""


def guide_html(*, has_presets: bool) -> str:
    """What is worth reading first; `has_presets`: whether the page has the demo model, to try things on."""
    lines = "".join(f'<path d="M20 {15 + 15 * row}h180"/>' for row in range(10))
    lines += "".join(f'<path d="M{20 + 15 * column} 15v135"/>' for column in range(13))
    rows = "".join(
        f"<tr><th>{escape(each.name)}</th><td>{escape(each.reads)}</td><td>{escape(each.example)}</td></tr>"
        for each in NUMBERS
    )
    tries = "".join(
        f'<li><a href="{escape(each.address)}">{escape(each.title)}</a><p>{escape(each.look)}</p></li>'
        for each in TRIES
    )
    todo = f'<h2>Ten things to try</h2><ol class="tries">{tries}</ol>' if has_presets else ""
    return f"""
<h2>What a mutation is</h2>
<p>A language model is a list of matrices of numbers, its <b>weights</b>. A <b>mutation</b> changes some of them, at a
<b>site</b>, by an <b>operation</b>; everything else stays. The same prompt is then put to the original and to the
mutant, with the same settings and the same random numbers: whatever is different comes from that change.</p>
<figure class="guide-picture">{_PICTURE % lines}</figure>
<p>Biologists learn what a gene does by breaking it. Most mutations are <b>silent</b>; a few change a word, the style
or the language; some single weights bring the whole model down.</p>
{todo}
<h2>How to read each number</h2>
<table><thead><tr><th>number</th><th>how to read it</th><th>first example</th></tr></thead><tbody>{rows}</tbody></table>
"""


GUIDE = """
## The notation

A mutation is a *site* and an *operation*; several are joined by `;` and apply in order.

| site | what it is |
|---|---|
| `layers` · `5` | all layers · all matrices of layer 5 |
| `5.attn` · `5.mlp` | its attention (q k v o) or its MLP (gate up down) |
| `7.head3` · `7.kvhead1` | a query head (rows of q, columns of o) or a KV head (rows of k and v) |
| `7.q.head3` | that head in one matrix |
| `14.down` | one matrix: q k v o gate up down |
| `14.down[0:64,128:192]` | a block, rows and columns half-open as in Python |
| `9.gate[17,:]` · `9.gate[:,17]` | a row (output feature) · a column (input feature) |
| `2.down[451,1203]` | one weight |
| `3.expert5.down` · `3.expert5` | of a mixture of experts: one matrix of an expert · all three |
| `3.shared.down` · `3.router` | the expert that every token visits · what chooses experts |
| `5.attn_norm[17]` · `norm` | an entry of a norm · the final norm |
| `5.q.bias[17]` | an entry of a bias |
| `5.mixer.A_log` | any tensor by its path below its layer; without a layer, below the model |
| `embed[17,:]` · `head` | a token's embedding · the language-model head |

| operation | what it does |
|---|---|
| `=0` · `=-3.2` | sets every weight of the site |
| `=max` · `=min` | sets it to the largest or smallest weight of its own matrix |
| `*0.5` · `+0.1` | multiplies · adds |
| `=mean` | sets it to the mean of its own matrix |
| `+noise(0.1)` · `=noise(1)` | adds noise of so many deviations of the matrix, or puts it there; `noise(0.1, seed 3)` |
| `=shuffle` | permutes the weights of the site; `shuffle(seed 3)` |
| `=round(4)` | leaves so many bits, 1 to 8, by groups of 32 columns; `round(4, group 128)` |
| `=prune(0.5)` · `=prune(2:4)` | sets the smallest half to 0, or the 2 smallest of every 4 columns |
| `=rank(16)` · `=rank(10%)` | leaves so many components; `=unrank(1)` takes the largest away |
| `=flip(30)` | turns a bit of the stored number of a single weight |
| `=copy(9.down)` | the weights of another site of the same shape |
| `=from(MODEL)` · `~from(MODEL)*0.3` | the same site of another checkpoint, whole or mixed in |
| `+adapter(FOLDER)*0.8` | adds a LoRA adapter, so many times |

## Talking

- The tab **Talk** leads a conversation with both models; each hears its own earlier answers. Change the mutation in
  Explore between two turns, undo a turn, take the conversation away.
- A **system prompt** and the **beginning of the answer** are set below the prompt in Explore. A model that thinks first
  does so only if it is let; its thoughts are folded, and measured apart.

## The instruments

- **Dose–response** tries all the values that the chosen site can be set to. Responses are often cliffs: the steepest
  step is looked at again, and marked.
- **Map** draws the chosen matrix. Drag to zoom in, down to single weights; click to mutate what is there.
- **Model** draws all parts of the loaded model, to scale: unfold a layer, search for a name, click to choose.
- **Search** says where to look. Estimates are first-order: they rank zeroed blocks well, and may miss a weight whose
  effect is a cliff. *Find what matters* measures each of its candidates by a forward pass, and others of the same
  matrix, drawn at random, beside it; *How special is my mutation?* does so for the mutation that is set.
- **Heads** takes out every attention head by itself, and maps what the answer, or some questions, lose by it.
- **Damage** does what you name to each matrix, one at a time, and measures the cost over fixed texts. *Advise* buys
  bits where they save most; what it advises is run as a whole, on texts that it has not looked at.
- **Donors** puts another checkpoint beside this model, matrix by matrix; a click grafts one.
- **Spread** shows what a mutation changes of the hidden states. Click a token to read both models after each layer.
- **Together** compares mutations alone with all of them at once: what they add to the negative log-likelihood of the
  original's text adds up where they do not interact.
- **Tried** lists the runs of this visit; *Pin* puts up to four texts side by side.

## The model

“checked: fast” in the header: when the model was loaded, every shortcut of this program gave what weights edited in
place give. “exact, slower” says what does not, and is therefore computed one by one.

## Screens

- A **screen** mutates unit after unit of the chosen matrices, one at a time, and stores what each mutant does. It runs
  behind the page; stopped or killed, it goes on where it was when it is started again.
- A **non-silent** mutant gives another text. On the map, orange: max does; blue: min does; green: both do.
- One mutant in a hundred is a **control** that changes nothing; one that is not silent would be an error of ours.

## Statistics

- Every mark stands for some mutants: a click reads the strongest of them and opens it in Explore.
- **Rows and columns** asks where non-silent mutants line up; its p says whether the layers agree on a place by chance.
- **COPA**: a map rearranged so that max and min come apart, if they do. A negative correlation means that they
  complement each other.
- **Destroyed** is a mutant that overflows, goes round in a loop or writes gibberish.

## Tasks

- **Writers** gives mutants the same inputs as the original. The **RIHF** (rare initial word of highest frequency) is
  the word that begins the most of a mutant's answers and at most one of the original's; p says whether chance
  explains it.
- **Questions** lists mutants of a screen on a task that answer more questions right than the original. Among thousands
  some do by chance: **q** corrects for all of them, and fresh questions tell the rest.

## History

- Every finished run of a mutant, every screen and every comparison is kept in a database of your own: with time, model
  and the fingerprint of its weights, genotype, prompt, decoding and what came of it.
- Tag and note what you want to find again, reopen it with a click, and take a **report** of it along.

Nothing is ever written to the model: Reset, closing the page or a crash leaves it as it was.
"""
