"""The text of the tab Guide: the notation, and what the numbers mean."""

GUIDE = """
## The notation

A mutation is a *site* and an *operation*; several are joined by `;` and apply in order.

| site | what it is |
|---|---|
| `5` | all matrices of layer 5 |
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

## What you see

- Both texts come from the same prompt, settings and random numbers: a difference comes from the weights.
- Mutated text is tinted from the **first divergence** on, the first token that the mutant chose otherwise.
- Hover over a token, or tap it: the five likeliest tokens of both models at that place.
- **Mean KL** and **perplexity** see changes that the text does not show yet.
- A **silent** mutation leaves the whole text as it was. Most single weights are silent; a few are not.

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
