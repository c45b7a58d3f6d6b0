/* The hot loops of the pack reader. scanner/storage/delta.py holds all but the last three in Python, and tests compare them.
 *
 * plan(idx, pack, hash_size) reads a version 2 index and the header of every entry of its pack.
 * shares(offsets, roots, types, batch, trees) groups delta trees into shares of work.
 * apply(base, delta, reach, limit) builds a delta's target and collects what the delta adds or joins.
 * carry(delta, stretches) says where stretches of the base stand in the target.
 * drawn(content, before, after) says where keys and tokens may stand; see rules/drawn.py.
 * grow(reading, plan, roots, bounds, (known, sink)) does so along delta trees and hands objects on, some at a time.
 * rows, differing and signatures compare git trees; scanner/storage/treewalk.py says what for.
 * Formats: gitformat-pack(5). Nothing read from a file is trusted: each access is checked against its buffer. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef struct { uint64_t offset; uint32_t index; } Slot;

static uint32_t be32(const uint8_t *p) { return (uint32_t)p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3]; }

/* Sorts by offset, 16 bits at a time; spare has as much room as slots. */
static int by_offset(Slot *slots, int64_t count, uint64_t most) {
    Slot *spare = malloc((count + 1) * sizeof(Slot)), *from = slots, *to = spare;
    int64_t *starts = malloc(65536 * sizeof(int64_t));
    if (!spare || !starts) { free(spare); free(starts); return -1; }
    for (int shift = 0; shift < 64 && most >> shift; shift += 16) {
        memset(starts, 0, 65536 * sizeof(int64_t));
        for (int64_t n = 0; n < count; n++) starts[from[n].offset >> shift & 65535]++;
        int64_t sum = 0;
        for (int n = 0; n < 65536; n++) { int64_t many = starts[n]; starts[n] = sum; sum += many; }
        for (int64_t n = 0; n < count; n++) to[starts[from[n].offset >> shift & 65535]++] = from[n];
        Slot *swap = from; from = to; to = swap;
    }
    if (from != slots) memcpy(slots, from, count * sizeof(Slot));
    free(spare);
    free(starts);
    return 0;
}

/* Position (in offset order) of the entry at an offset before position last, or -1. Bases are mostly near. */
static int64_t at_offset(const uint64_t *offsets, int64_t last, uint64_t wanted) {
    int64_t low = last, high = last, count = last;
    for (int64_t step = 1; low > 0 && offsets[low] > wanted; step *= 2) {
        high = low;
        low = low > step ? low - step : 0;
    }
    high = high < count ? high + 1 : count;
    while (low < high) {
        int64_t middle = (low + high) / 2;
        if (offsets[middle] < wanted) low = middle + 1; else high = middle;
    }
    return low < count && offsets[low] == wanted ? low : -1;
}

/* Row of a name in an index, or -1. Names are hashes, spread evenly, so the first look is nearly a hit. */
static int64_t by_name(const uint8_t *idx, int64_t count, int size, const uint8_t *name) {
    int64_t low = name[0] ? be32(idx + 8 + 4 * (name[0] - 1)) : 0, high = be32(idx + 8 + 4 * name[0]);
    const uint8_t *names = idx + 8 + 1024;
    if (high > count || low > high) return -1;
    if (high - low > 64) {
        int64_t guess = low + (int64_t)((uint64_t)(high - low) * be32(name + 1) >> 32);
        int64_t near = guess > low + 24 ? guess - 24 : low, far = guess < high - 24 ? guess + 24 : high - 1;
        if (memcmp(names + near * size, name, size) <= 0) low = near;
        if (memcmp(names + far * size, name, size) >= 0) high = far + 1;
    }
    while (low < high) {
        int64_t middle = (low + high) / 2;
        int order = memcmp(names + middle * size, name, size);
        if (!order) return middle;
        if (order < 0) low = middle + 1; else high = middle;
    }
    return -1;
}

/* The same by a table of the first row of every beginning of so many bits, as many as leave about one name to each. */
static int64_t by_table(const uint8_t *idx, const uint32_t *table, int bits, int size, const uint8_t *name) {
    const uint8_t *names = idx + 8 + 1024;
    uint32_t slot = be32(name) >> (32 - bits);
    for (int64_t row = table[slot], end = table[slot + 1]; row < end; row++)
        if (!memcmp(names + row * size, name, size)) return row;
    return -1;
}

static PyObject *beginnings(PyObject *self, PyObject *args) {
    Py_buffer idx;
    int hash_size, bits = 1;
    if (!PyArg_ParseTuple(args, "y*i", &idx, &hash_size)) return NULL;
    const uint8_t *names = (uint8_t *)idx.buf + 8 + 1024;
    int64_t total = hash_size >= 4 && hash_size <= 32 && idx.len >= 8 + 1024 ? (int64_t)be32((uint8_t *)idx.buf + 8 + 1020) : -1;
    PyObject *result = NULL;
    if (total < 0 || total > INT32_MAX || idx.len < 8 + 1024 + total * hash_size) PyErr_SetString(PyExc_ValueError, "the index is damaged");
    else {
        while (bits < 24 && (int64_t)1 << (bits + 1) <= total) bits++;
        int64_t slots = (int64_t)1 << bits, slot = 0;
        result = PyBytes_FromStringAndSize(NULL, (slots + 1) * 4);
        uint32_t *table = result ? (uint32_t *)PyBytes_AS_STRING(result) : NULL;
        /* Names out of order are not found, as by any search. */
        for (int64_t row = 0; result && row < total; row++)
            for (int64_t mine = be32(names + row * hash_size) >> (32 - bits); slot <= mine; slot++) table[slot] = (uint32_t)row;
        for (; result && slot <= slots; slot++) table[slot] = (uint32_t)total;
    }
    PyBuffer_Release(&idx);
    return result;
}

/* Reads one entry header: type, declared size, where the data begin, and the base (position, or -2: not in this pack). */
static int header(const uint8_t *pack, uint64_t start, uint64_t end, int hash_size, uint8_t *type, uint64_t *size,
                  uint64_t *data, uint64_t *distance, const uint8_t **name) {
    uint64_t at = start, value;
    int shift = 4;
    if (at >= end) return -1;
    uint8_t byte = pack[at++];
    *type = (byte >> 4) & 7;
    value = byte & 15;
    while (byte & 128) {
        if (at >= end || shift > 57) return -1;
        byte = pack[at++];
        value |= (uint64_t)(byte & 127) << shift;
        shift += 7;
    }
    *size = value;
    *distance = 0;
    *name = NULL;
    if (*type == 6) {
        if (at >= end) return -1;
        byte = pack[at++];
        uint64_t back = byte & 127;
        while (byte & 128) {
            if (at >= end || back >> 55) return -1;
            byte = pack[at++];
            back = ((back + 1) << 7) | (byte & 127);
        }
        *distance = back;
    } else if (*type == 7) {
        if (end - at < (uint64_t)hash_size) return -1;
        *name = pack + at;
        at += hash_size;
    }
    *data = at;
    return 0;
}

static PyObject *plan(PyObject *self, PyObject *args) {
    Py_buffer idx, pack;
    int hash_size;
    if (!PyArg_ParseTuple(args, "y*y*i", &idx, &pack, &hash_size)) return NULL;
    const uint8_t *i = idx.buf, *p = pack.buf;
    PyObject *result = NULL, *offsets_o = NULL, *data_o = NULL, *sizes_o = NULL, *index_o = NULL, *types_o = NULL,
             *bases_o = NULL, *first_o = NULL, *next_o = NULL, *roots_o = NULL;
    Slot *slots = NULL;
    int32_t *inverse = NULL;
    const char *fault = "the index is damaged";
    if (idx.len < 8 + 1024 + 2 * hash_size || memcmp(i, "\377tOc\0\0\0\2", 8)) goto out;
    int64_t count = be32(i + 8 + 1020);
    if (count >= INT32_MAX || idx.len < 8 + 1024 + count * (hash_size + 8) + 2 * hash_size) goto out;
    if (pack.len < 12 + hash_size) goto out;
    const uint8_t *small = i + 8 + 1024 + count * (hash_size + 4), *large = small + count * 4;
    int64_t larges = (idx.len - 2 * hash_size - (large - i)) / 8;
    uint64_t end = (uint64_t)pack.len - hash_size;
    /* An index of another pack, or of this one when it was shorter, would hide objects. */
    if (memcmp(p, "PACK", 4) || be32(p + 8) != count || memcmp(p + end, i + idx.len - 2 * hash_size, hash_size)) goto out;
    if (!(slots = malloc((count + 1) * sizeof(Slot))) || !(inverse = malloc((count + 1) * sizeof(int32_t)))) {
        PyErr_NoMemory();
        fault = NULL;
        goto out;
    }
    for (int64_t n = 0; n < count; n++) {
        uint64_t offset = be32(small + n * 4);
        if (offset & 0x80000000u) {
            int64_t row = offset & 0x7fffffff;
            if (row >= larges) goto out;
            offset = (uint64_t)be32(large + row * 8) << 32 | be32(large + row * 8 + 4);
        }
        if (offset < 12 || offset >= end) goto out;
        slots[n].offset = offset;
        slots[n].index = (uint32_t)n;
    }
    if (by_offset(slots, count, end)) {
        PyErr_NoMemory();
        fault = NULL;
        goto out;
    }
    for (int64_t n = 1; n < count; n++) if (slots[n].offset == slots[n - 1].offset) goto out;
    offsets_o = PyBytes_FromStringAndSize(NULL, (count + 1) * 8);
    data_o = PyBytes_FromStringAndSize(NULL, count * 8);
    sizes_o = PyBytes_FromStringAndSize(NULL, count * 8);
    index_o = PyBytes_FromStringAndSize(NULL, count * 4);
    types_o = PyBytes_FromStringAndSize(NULL, count);
    bases_o = PyBytes_FromStringAndSize(NULL, count * 4);
    first_o = PyBytes_FromStringAndSize(NULL, count * 4);
    next_o = PyBytes_FromStringAndSize(NULL, count * 4);
    roots_o = PyBytes_FromStringAndSize(NULL, count * 4);
    if (!offsets_o || !data_o || !sizes_o || !index_o || !types_o || !bases_o || !first_o || !next_o || !roots_o) {
        fault = NULL;
        goto out;
    }
    uint64_t *offsets = (uint64_t *)PyBytes_AS_STRING(offsets_o), *data = (uint64_t *)PyBytes_AS_STRING(data_o),
             *sizes = (uint64_t *)PyBytes_AS_STRING(sizes_o);
    uint32_t *index = (uint32_t *)PyBytes_AS_STRING(index_o);
    uint8_t *types = (uint8_t *)PyBytes_AS_STRING(types_o);
    int32_t *bases = (int32_t *)PyBytes_AS_STRING(bases_o), *first = (int32_t *)PyBytes_AS_STRING(first_o),
            *next = (int32_t *)PyBytes_AS_STRING(next_o), *roots = (int32_t *)PyBytes_AS_STRING(roots_o);
    for (int64_t n = 0; n < count; n++) {
        offsets[n] = slots[n].offset;
        index[n] = slots[n].index;
        inverse[slots[n].index] = (int32_t)n;
        first[n] = next[n] = -1;
    }
    offsets[count] = end;
    for (int64_t n = 0; n < count; n++) {
        uint64_t distance;
        const uint8_t *name;
        roots[n] = -1;
        bases[n] = -2;
        if (header(p, offsets[n], offsets[n + 1], hash_size, types + n, sizes + n, data + n, &distance, &name)) {
            types[n] = 0;
            data[n] = offsets[n];
            sizes[n] = 0;
        } else if (name) {
            int64_t found = by_name(i, count, hash_size, name);
            if (found >= 0) bases[n] = inverse[found];
        } else if (types[n] == 6) {
            if (distance && distance <= offsets[n]) {
                int64_t found = at_offset(offsets, n, offsets[n] - distance);
                if (found >= 0) bases[n] = (int32_t)found;
            }
        } else if (types[n] >= 1 && types[n] <= 4) {
            bases[n] = -1;
            roots[n] = (int32_t)n;
        } else {
            types[n] = 0;
        }
    }
    /* Roots by following bases; -2 for a chain that leads out of the pack, to damage, or round in a circle. */
    for (int64_t n = 0; n < count; n++) {
        int64_t walk = n, root;
        while (roots[walk] == -1 && bases[walk] >= 0) {
            roots[walk] = -3;
            walk = bases[walk];
        }
        root = roots[walk] >= 0 ? roots[walk] : -2;
        for (walk = n; roots[walk] == -3 || roots[walk] == -1;) {
            roots[walk] = (int32_t)root;
            if (bases[walk] < 0) break;
            walk = bases[walk];
        }
    }
    for (int64_t n = count - 1; n >= 0; n--) {
        if (roots[n] < 0) {
            types[n] = 0;
            continue;
        }
        types[n] = types[roots[n]];
        if (bases[n] >= 0) {
            next[n] = first[bases[n]];
            first[bases[n]] = (int32_t)n;
        }
    }
    result = PyTuple_Pack(9, offsets_o, data_o, sizes_o, index_o, types_o, bases_o, first_o, next_o, roots_o);
    fault = NULL;
out:
    if (fault) PyErr_SetString(PyExc_ValueError, fault);
    Py_XDECREF(offsets_o); Py_XDECREF(data_o); Py_XDECREF(sizes_o); Py_XDECREF(index_o); Py_XDECREF(types_o);
    Py_XDECREF(bases_o); Py_XDECREF(first_o); Py_XDECREF(next_o); Py_XDECREF(roots_o);
    free(slots);
    free(inverse);
    PyBuffer_Release(&idx);
    PyBuffer_Release(&pack);
    return result;
}

/* Whole delta trees of one pack, of git trees or of all else, in shares of at least batch packed bytes. */
static PyObject *shares(PyObject *self, PyObject *args) {
    Py_buffer offsets_b, roots_b, types_b;
    Py_ssize_t batch;
    int trees;
    if (!PyArg_ParseTuple(args, "y*y*y*np", &offsets_b, &roots_b, &types_b, &batch, &trees)) return NULL;
    const uint64_t *offsets = offsets_b.buf;
    const int32_t *roots = roots_b.buf;
    const uint8_t *types = types_b.buf;
    Py_ssize_t count = types_b.len, start = 0;
    uint64_t *weight = calloc(count + 1, sizeof(uint64_t)), size = 0;
    int32_t *chosen = malloc((count + 1) * sizeof(int32_t));
    Py_ssize_t used = 0;
    PyObject *result = PyList_New(0);
    if (!weight || !chosen || !result) { PyErr_NoMemory(); Py_CLEAR(result); goto out; }
    for (Py_ssize_t n = 0; n < count; n++) if (roots[n] >= 0) weight[roots[n]] += offsets[n + 1] - offsets[n];
    for (Py_ssize_t n = 0; n <= count; n++) {
        if (n < count && roots[n] == n && (types[n] == 2) == trees) {
            chosen[used++] = (int32_t)n;
            size += weight[n];
        }
        if (used > start && (n == count || size >= (uint64_t)batch)) {
            PyObject *share = Py_BuildValue("(Ky#)", (unsigned long long)size, (char *)(chosen + start), (used - start) * 4);
            if (!share || PyList_Append(result, share)) { Py_XDECREF(share); Py_CLEAR(result); goto out; }
            Py_DECREF(share);
            start = used;
            size = 0;
        }
    }
out:
    free(weight);
    free(chosen);
    PyBuffer_Release(&offsets_b);
    PyBuffer_Release(&roots_b);
    PyBuffer_Release(&types_b);
    return result;
}

typedef struct { Py_ssize_t *rows; Py_ssize_t used, room; } Ranges;

static int note(Ranges *r, Py_ssize_t start, Py_ssize_t end) {
    if (r->used && r->rows[2 * r->used - 1] >= start) {
        r->rows[2 * r->used - 1] = end;
        return 0;
    }
    if (r->used == r->room) {
        Py_ssize_t room = r->room ? r->room * 2 : 64;
        Py_ssize_t *rows = realloc(r->rows, room * 2 * sizeof(Py_ssize_t));
        if (!rows) return -1;
        r->rows = rows;
        r->room = room;
    }
    r->rows[2 * r->used] = start;
    r->rows[2 * r->used + 1] = end;
    r->used++;
    return 0;
}

static int varint(const uint8_t *d, Py_ssize_t size, Py_ssize_t *at, uint64_t *value) {
    int shift = 0;
    *value = 0;
    for (;;) {
        if (*at >= size || shift > 56) return -1;
        uint8_t byte = d[(*at)++];
        *value |= (uint64_t)(byte & 127) << shift;
        shift += 7;
        if (!(byte & 128)) return 0;
    }
}

/* How many times as far as asked is looked around a change where no line ends within the asked bytes. */
#define FAR 4

/* Of up to room bytes behind a change (step 1: they begin at t) or before it (-1: they end there) how many belong to it. */
static Py_ssize_t near(const uint8_t *t, int step, Py_ssize_t room, Py_ssize_t reach) {
    if (room <= reach) return room;
    if (memchr(step > 0 ? t : t - reach, '\n', reach)) return reach;
    return room / FAR < reach ? room : FAR * reach;
}

/* Widens the ranges by what is near, where they meet to one; how many bytes they are with a line end each. */
static Py_ssize_t widened(const uint8_t *t, Py_ssize_t size, Ranges *r, Py_ssize_t reach) {
    Py_ssize_t total = 0, kept = 0, last = 0;
    for (Py_ssize_t n = 0; n < r->used; n++) {
        Py_ssize_t start = r->rows[2 * n], end = r->rows[2 * n + 1], next = n + 1 < r->used ? r->rows[2 * n + 2] : size;
        Py_ssize_t low = start - near(t + start, -1, start - last, reach), high = end + near(t + end, 1, next - end, reach);
        last = end;
        if (kept && low <= r->rows[2 * kept - 1]) {
            total += high - r->rows[2 * kept - 1];
            r->rows[2 * kept - 1] = high;
            continue;
        }
        r->rows[2 * kept] = low;
        r->rows[2 * kept + 1] = high;
        total += high - low + 1;
        kept++;
    }
    r->used = kept;
    return total;
}

static void copied(char *out, const uint8_t *target, const Ranges *r) {
    for (Py_ssize_t n = 0; n < r->used; n++) {
        Py_ssize_t length = r->rows[2 * n + 1] - r->rows[2 * n];
        memcpy(out, target + r->rows[2 * n], length);
        out += length;
        *out++ = '\n';
    }
}

/* The ranges with what is near, where they meet as one, each ended by a line end. */
static PyObject *around(const uint8_t *target, Py_ssize_t size, Ranges *r, Py_ssize_t reach) {
    PyObject *joined = PyBytes_FromStringAndSize(NULL, widened(target, size, r, reach));
    if (joined) copied(PyBytes_AS_STRING(joined), target, r);
    return joined;
}

/* A delta of more pieces is left to git: git writes none, and each costs many times its few bytes. */
#define PIECES (1 << 20)

/* A delta's target; what it adds or joins goes to ranges, and how much it has of the base's beginning and end to shared.
 * Without an exception set, NULL means that the delta does not fit. */
static PyObject *patched(const uint8_t *b, Py_ssize_t before, const uint8_t *d, Py_ssize_t length, Py_ssize_t limit, Ranges *ranges,
                         Py_ssize_t shared[2], const char **fault) {
    Py_ssize_t at = 0, filled = 0, follows = 0, run = 0, pieces = 0;
    uint64_t from, to;
    PyObject *target = NULL;
    *fault = "the delta is damaged";
    if (varint(d, length, &at, &from) || varint(d, length, &at, &to) || from != (uint64_t)before) return NULL;
    if (to > (uint64_t)limit) { *fault = "the delta's target is above the size limit"; return NULL; }
    if (!(target = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)to))) { *fault = NULL; return NULL; }
    uint8_t *t = (uint8_t *)PyBytes_AS_STRING(target);
    Py_ssize_t size = (Py_ssize_t)to;
    shared[0] = shared[1] = -1;
    while (at < length) {
        uint8_t op = d[at++];
        if (++pieces > PIECES) goto out;
        if (op & 128) {
            uint32_t start = 0, many = 0;
            for (int n = 0; n < 4; n++) if (op & (1 << n)) { if (at >= length) goto out; start |= (uint32_t)d[at++] << (8 * n); }
            for (int n = 0; n < 3; n++) if (op & (16 << n)) { if (at >= length) goto out; many |= (uint32_t)d[at++] << (8 * n); }
            if (!many) many = 0x10000;
            if ((Py_ssize_t)start > before || (Py_ssize_t)many > before - (Py_ssize_t)start || (Py_ssize_t)many > size - filled) goto out;
            if ((Py_ssize_t)start != follows) {
                if (shared[0] < 0) shared[0] = filled;
                run = filled;
                if (note(ranges, filled, filled)) goto nomem;
            }
            memcpy(t + filled, b + start, many);
            filled += many;
            follows = (Py_ssize_t)start + many;
        } else if (op) {
            if (op > length - at || op > size - filled) goto out;
            if (shared[0] < 0) shared[0] = filled;
            if (note(ranges, filled, filled + op)) goto nomem;
            memcpy(t + filled, d + at, op);
            at += op;
            filled += op;
            follows = -1;
        } else goto out;
    }
    if (filled != size) goto out;
    if (shared[0] < 0) shared[0] = filled;
    shared[1] = follows == before ? filled - run : 0;
    if (follows != before && note(ranges, filled, filled)) goto nomem;
    *fault = NULL;
    return target;
nomem:
    PyErr_NoMemory();
    *fault = NULL;
out:
    Py_DECREF(target);
    return NULL;
}

static PyObject *apply(PyObject *self, PyObject *args) {
    Py_buffer base, delta;
    Py_ssize_t reach, limit, shared[2];
    if (!PyArg_ParseTuple(args, "y*y*nn", &base, &delta, &reach, &limit)) return NULL;
    Ranges ranges = {NULL, 0, 0};
    const char *fault;
    PyObject *lines = NULL, *result = NULL, *target = patched(base.buf, base.len, delta.buf, delta.len, limit, &ranges, shared, &fault);
    if (target) {
        if (reach < 0) ranges.used = 0;
        lines = around((uint8_t *)PyBytes_AS_STRING(target), PyBytes_GET_SIZE(target), &ranges, reach);
        if (lines) result = PyTuple_Pack(2, target, lines);
    } else if (fault) PyErr_SetString(PyExc_ValueError, fault);
    Py_XDECREF(target);
    Py_XDECREF(lines);
    free(ranges.rows);
    PyBuffer_Release(&base);
    PyBuffer_Release(&delta);
    return result;
}

/* One copy, as far as copies continue each other, against every stretch: adds its shift, or marks the stretch as cut. */
static int meet(const uint64_t *spans, Py_ssize_t count, uint8_t *cut, PyObject **shifts, int64_t source, int64_t target,
                int64_t size, int64_t before, int64_t after) {
    for (Py_ssize_t n = 0; size && n < count; n++) {
        int64_t low = (int64_t)spans[2 * n], high = (int64_t)spans[2 * n + 1];
        if (cut[n] || high <= source || low >= source + size) continue;
        if (low < source || high > source + size || (!low && target) || (high == before && target + size != after)) {
            cut[n] = 1;
            continue;
        }
        PyObject *shift = PyLong_FromLongLong(target - source);
        if (!shift) return -1;
        if (!shifts[n] && !(shifts[n] = PyList_New(0))) { Py_DECREF(shift); return -1; }
        int failed = PyList_Append(shifts[n], shift);
        Py_DECREF(shift);
        if (failed) return -1;
    }
    return 0;
}

static PyObject *carry(PyObject *self, PyObject *args) {
    Py_buffer delta, stretches;
    if (!PyArg_ParseTuple(args, "y*y*", &delta, &stretches)) return NULL;
    const uint8_t *d = delta.buf;
    const uint64_t *spans = stretches.buf;
    Py_ssize_t at = 0, count = stretches.len / 16;
    uint64_t before, after;
    int64_t source = 0, target = 0, size = 0, filled = 0, pieces = 0;
    uint8_t *cut = calloc(count + 1, 1);
    PyObject **shifts = calloc(count + 1, sizeof(PyObject *)), *result = NULL;
    const char *fault = "the delta is damaged";
    if (!cut || !shifts) { PyErr_NoMemory(); fault = NULL; goto out; }
    if (varint(d, delta.len, &at, &before) || varint(d, delta.len, &at, &after)) goto out;
    while (at < delta.len) {
        uint8_t op = d[at++];
        uint32_t start = 0, length = 0;
        if (!op || ++pieces > PIECES) goto out;
        if (!(op & 128)) {
            if (op > delta.len - at) goto out;
            at += op;
            filled += op;
            continue;
        }
        for (int n = 0; n < 4; n++) if (op & (1 << n)) { if (at >= delta.len) goto out; start |= (uint32_t)d[at++] << (8 * n); }
        for (int n = 0; n < 3; n++) if (op & (16 << n)) { if (at >= delta.len) goto out; length |= (uint32_t)d[at++] << (8 * n); }
        if (!length) length = 0x10000;
        if (source + size == start && target + size == filled) {
            size += length;
        } else {
            if (meet(spans, count, cut, shifts, source, target, size, (int64_t)before, (int64_t)after)) { fault = NULL; goto out; }
            source = start;
            target = filled;
            size = length;
        }
        filled += length;
    }
    if (meet(spans, count, cut, shifts, source, target, size, (int64_t)before, (int64_t)after)) { fault = NULL; goto out; }
    fault = NULL;
    if (!(result = PyList_New(count))) goto out;
    for (Py_ssize_t n = 0; n < count; n++) {
        PyObject *row = cut[n] ? Py_NewRef(Py_None) : shifts[n] ? Py_NewRef(shifts[n]) : PyList_New(0);
        if (!row) { Py_CLEAR(result); goto out; }
        PyList_SET_ITEM(result, n, row);
    }
out:
    if (fault) PyErr_SetString(PyExc_ValueError, fault);
    for (Py_ssize_t n = 0; shifts && n < count; n++) Py_XDECREF(shifts[n]);
    free(shifts);
    free(cut);
    PyBuffer_Release(&delta);
    PyBuffer_Release(&stretches);
    return result;
}

/* The characters of rules/drawn.py. */
static const uint8_t DRAWN[256] = {
    ['!'] = 1, ['#'] = 1, ['$'] = 1, ['%'] = 1, ['&'] = 1, ['*'] = 1, ['+'] = 1, ['-'] = 1, ['.'] = 1, ['/'] = 1, [':'] = 1,
    ['='] = 1, ['@'] = 1, ['^'] = 1, ['_'] = 1, ['~'] = 1, ['0'] = 1, ['1'] = 1, ['2'] = 1, ['3'] = 1, ['4'] = 1, ['5'] = 1,
    ['6'] = 1, ['7'] = 1, ['8'] = 1, ['9'] = 1, ['A'] = 1, ['B'] = 1, ['C'] = 1, ['D'] = 1, ['E'] = 1, ['F'] = 1, ['G'] = 1,
    ['H'] = 1, ['I'] = 1, ['J'] = 1, ['K'] = 1, ['L'] = 1, ['M'] = 1, ['N'] = 1, ['O'] = 1, ['P'] = 1, ['Q'] = 1, ['R'] = 1,
    ['S'] = 1, ['T'] = 1, ['U'] = 1, ['V'] = 1, ['W'] = 1, ['X'] = 1, ['Y'] = 1, ['Z'] = 1, ['a'] = 1, ['b'] = 1, ['c'] = 1,
    ['d'] = 1, ['e'] = 1, ['f'] = 1, ['g'] = 1, ['h'] = 1, ['i'] = 1, ['j'] = 1, ['k'] = 1, ['l'] = 1, ['m'] = 1, ['n'] = 1,
    ['o'] = 1, ['p'] = 1, ['q'] = 1, ['r'] = 1, ['s'] = 1, ['t'] = 1, ['u'] = 1, ['v'] = 1, ['w'] = 1, ['x'] = 1, ['y'] = 1,
    ['z'] = 1,
};
#define DRAWN_LEAST 12

#ifdef __SSE2__
#include <emmintrin.h>

static __m128i among(__m128i bytes, char first, char last) {
    return _mm_cmplt_epi8(_mm_xor_si128(_mm_sub_epi8(bytes, _mm_set1_epi8(first)), _mm_set1_epi8((char)0x80)),
                          _mm_set1_epi8((char)(0x81 + (last - first))));
}

/* A place in the next run that is long enough and has a digit beside a letter, from a place on that is in no run; the
 * size where there is none. Some that are in shorter runs or of no use are given, too. */
static Py_ssize_t within(const uint8_t *t, Py_ssize_t at, Py_ssize_t size) {
    uint64_t runs = 0, digits = 0, letters = 0, hyphens = 0;  /* a bit for each of the 48 bytes before, then for the 16 that are looked at */
    Py_ssize_t from = at;
    for (; at + 16 <= size; at += 16) {
        __m128i bytes = _mm_loadu_si128((const __m128i *)(t + at));
        __m128i letter = among(_mm_or_si128(bytes, _mm_set1_epi8(0x20)), 'a', 'z');
        __m128i seen = _mm_or_si128(among(bytes, '-', ':'), letter);
        seen = _mm_or_si128(seen, _mm_or_si128(among(bytes, '#', '&'), among(bytes, '*', '+')));
        seen = _mm_or_si128(seen, _mm_or_si128(among(bytes, '^', '_'), _mm_cmpeq_epi8(bytes, _mm_set1_epi8('='))));
        seen = _mm_or_si128(seen, _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('@')), _mm_cmpeq_epi8(bytes, _mm_set1_epi8('!'))));
        seen = _mm_or_si128(seen, _mm_cmpeq_epi8(bytes, _mm_set1_epi8('~')));
        runs = runs >> 16 | (uint64_t)_mm_movemask_epi8(seen) << 48;
        digits = digits >> 16 | (uint64_t)_mm_movemask_epi8(among(bytes, '0', '9')) << 48;
        letters = letters >> 16 | (uint64_t)_mm_movemask_epi8(letter) << 48;
        hyphens = hyphens >> 16 | (uint64_t)_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('-'))) << 48;
        uint64_t pairs = (digits & letters << 1) | (letters & (digits << 1 | (hyphens << 1 & digits << 2)));
        uint64_t twelve = runs & runs >> 1;
        twelve &= twelve >> 2;
        twelve &= twelve >> 4;
        twelve &= twelve >> 4;
        if (!twelve) continue;
        twelve |= twelve << 1;
        twelve |= twelve << 2;
        twelve |= twelve << 4;
        twelve |= twelve << 4;
        if (twelve & pairs) return at - 48 + __builtin_ctzll(twelve & pairs);
    }
    at = at - from < DRAWN_LEAST ? from : at - DRAWN_LEAST + 1;  /* the last run may end behind these */
    while (at < size && (uint8_t)(t[at] - '0') > 9) at++;
    return at;
}
#else
static Py_ssize_t within(const uint8_t *t, Py_ssize_t at, Py_ssize_t size) {
    while (at < size && (uint8_t)(t[at] - '0') > 9) at++;
    return at;
}
#endif

static int alternating(const uint8_t *t, Py_ssize_t start, Py_ssize_t end) {
    for (int before = 0; start < end; start++) {  /* 1 for a digit, 2 for a letter, 5 for a hyphen behind a digit */
        int now = (uint8_t)(t[start] - '0') <= 9 ? 1 : (uint8_t)((t[start] | 32) - 'a') < 26 ? 2 : 0;
        if ((before == 2 && now == 1) || ((before & 1) && now == 2)) return 1;
        before = t[start] == '-' && before == 1 ? 5 : now;
    }
    return 0;
}

static PyObject *drawn(PyObject *self, PyObject *args) {
    Py_buffer content;
    Py_ssize_t before, after;
    if (!PyArg_ParseTuple(args, "y*nn", &content, &before, &after)) return NULL;
    const uint8_t *t = content.buf;
    Py_ssize_t size = content.len, floor = 0, at = 0;
    Ranges found = {NULL, 0, 0};
    PyObject *result = NULL;
    while ((at = within(t, at, size)) < size) {
        Py_ssize_t start = at, end = at + 1;
        while (start > floor && DRAWN[t[start - 1]]) start--;
        while (end < size && DRAWN[t[end]]) end++;
        floor = at = end;
        if (end - start < DRAWN_LEAST || !alternating(t, start, end)) continue;
        Py_ssize_t low = start > before ? start - before : 0, high = size - end > after ? end + after : size;
        if (note(&found, low, high)) { PyErr_NoMemory(); goto out; }
    }
    if (!(result = PyBytes_FromStringAndSize(NULL, found.used * 16))) goto out;
    for (Py_ssize_t n = 0; n < 2 * found.used; n++) ((uint64_t *)PyBytes_AS_STRING(result))[n] = (uint64_t)found.rows[n];
out:
    free(found.rows);
    PyBuffer_Release(&content);
    return result;
}

/* Rows of the index for object ids that stand one after the other; 2^32 - 1 for those it lacks. */
static PyObject *rows(PyObject *self, PyObject *args) {
    Py_buffer idx, ids;
    int hash_size;
    if (!PyArg_ParseTuple(args, "y*y*i", &idx, &ids, &hash_size)) return NULL;
    const uint8_t *i = idx.buf;
    int64_t total = hash_size > 4 && idx.len >= 8 + 1024 ? (int64_t)be32(i + 8 + 1020) : -1;
    PyObject *result = NULL;
    if (total < 0 || idx.len < 8 + 1024 + total * hash_size) {
        PyErr_SetString(PyExc_ValueError, "the index is damaged");
    } else if ((result = PyBytes_FromStringAndSize(NULL, ids.len / hash_size * 4))) {
        uint32_t *found = (uint32_t *)PyBytes_AS_STRING(result);
        for (Py_ssize_t n = 0; n < ids.len / hash_size; n++)
            found[n] = (uint32_t)by_name(i, total, hash_size, (const uint8_t *)ids.buf + n * hash_size);
    }
    PyBuffer_Release(&idx);
    PyBuffer_Release(&ids);
    return result;
}

typedef struct { const uint8_t *name, *oid; Py_ssize_t length; uint32_t mode; } Entry;

/* Reads the entry of a git tree at *at, which is moved behind it. */
static int entry(const uint8_t *tree, Py_ssize_t size, int hash_size, Py_ssize_t *at, Entry *e) {
    Py_ssize_t n = *at;
    e->mode = 0;
    while (n < size && tree[n] >= '0' && tree[n] <= '7' && n - *at < 7) e->mode = e->mode << 3 | (tree[n++] - '0');
    if (n >= size || tree[n] != ' ' || n == *at) return -1;
    e->name = tree + ++n;
    const uint8_t *stop = memchr(e->name, 0, size - n);
    if (!stop) return -1;
    e->length = stop - e->name;
    n += e->length + 1;
    if (size - n < hash_size) return -1;
    e->oid = tree + n;
    *at = n + hash_size;
    return 0;
}

/* Where the last entry ends that lies within the first bytes of a tree; it may stop early. */
static Py_ssize_t skipped(const uint8_t *tree, Py_ssize_t size, int hash_size) {
    Py_ssize_t at = 0, limit = size - hash_size - 16;
#if !defined(__BYTE_ORDER__) || __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
    limit = 0;
#endif
    while (at < limit) {
        Py_ssize_t n = at + (tree[at] == '1' ? 7 : 6);
        if (tree[n - 1] != ' ' || (tree[at] != '1' && tree[at] != '4')) break;
        for (;;) {
            uint64_t word;
            if (n > limit + 8) return at;
            memcpy(&word, tree + n, 8);
            if ((word = (word - 0x0101010101010101u) & ~word & 0x8080808080808080u)) {
                n += __builtin_ctzll(word) >> 3;
                break;
            }
            n += 8;
        }
        n += 1 + hash_size;
        if (n > size) break;
        at = n;
    }
    return at;
}

#define LIKELY 8192
#define SEEN 16384

typedef struct { uint8_t oid[32]; int64_t row; } Seen;

typedef struct {
    const uint8_t *idx, *wanted;
    const uint32_t *table;
    int bits;
    Seen *seen;
    uint8_t likely[LIKELY];
    int64_t total, first;
    int hash_size;
    uint64_t seed;
    uint64_t *pairs[2];
    Py_ssize_t used[2], room[2];
    PyObject *absent;
} Look;

/* A polynomial over the name with a secret point modulo 2^61 - 1: two names meet by chance only. */
static uint64_t named(uint64_t seed, const uint8_t *name, Py_ssize_t length) {
    const uint64_t prime = ((uint64_t)1 << 61) - 1, point = seed % (prime - 1) + 1;
    uint64_t sum = 1;
    for (Py_ssize_t n = 0; n < length; n++) {
        unsigned __int128 product = (unsigned __int128)sum * point + name[n] + 1;
        sum = (uint64_t)(product & prime) + (uint64_t)(product >> 61);
        if (sum >= prime) sum -= prime;
    }
    return sum;
}

static int64_t located(const Look *look, const uint8_t *oid) {
    return look->table ? by_table(look->idx, look->table, look->bits, look->hash_size, oid) : by_name(look->idx, look->total, look->hash_size, oid);
}

/* Row of a tree in the index, or -1: the one that a tree adds is soon taken away by another. */
static int64_t row_of(Look *look, const uint8_t *oid) {
    uint32_t slot;
    memcpy(&slot, oid, 4);
    Seen *seen = look->seen ? look->seen + slot % SEEN : NULL;
    if (seen && seen->row > 0 && !memcmp(seen->oid, oid, look->hash_size)) return seen->row - 1;
    int64_t row = located(look, oid);
    if (seen && row >= 0) { memcpy(seen->oid, oid, look->hash_size); seen->row = row + 1; }
    return row;
}

/* Notes an entry that one of two trees has alone: trees, and what is wanted, by number; what the index lacks by id.
 * What a tree takes away was in its base: a blob that is neither wanted nor absent was not noted there either. */
static int alone(Look *look, const Entry *e, int added) {
    if ((e->mode & 0170000) == 0160000) return 0;
    int directory = (e->mode & 0170000) == 0040000;
    uint8_t *likely = look->likely + ((e->oid[0] << 8 | e->oid[1]) >> 3), bit = 1 << (e->oid[1] & 7);
    if (!directory && !added && !(*likely & bit)) return 0;
    int64_t row = directory ? row_of(look, e->oid) : located(look, e->oid);
    if (row < 0) {
        *likely |= bit; /* a tree built on this one may take it away */
        PyObject *one = Py_BuildValue("(iKy#i)", added, (unsigned long long)named(look->seed, e->name, e->length), (char *)e->oid,
                                      (Py_ssize_t)look->hash_size, directory);
        if (!one) return -1;
        int failed = (!look->absent && !(look->absent = PyList_New(0))) || PyList_Append(look->absent, one);
        Py_DECREF(one);
        return failed ? -1 : 0;
    }
    if (!directory && !(look->wanted[LIKELY + (row >> 3)] >> (row & 7) & 1)) return 0;
    if (look->used[added] == look->room[added]) {
        Py_ssize_t room = look->room[added] ? 2 * look->room[added] : 64;
        uint64_t *pairs = realloc(look->pairs[added], room * 16);
        if (!pairs) { PyErr_NoMemory(); return -1; }
        look->pairs[added] = pairs;
        look->room[added] = room;
    }
    uint64_t *pair = look->pairs[added] + 2 * look->used[added]++;
    pair[0] = named(look->seed, e->name, e->length);
    pair[1] = (uint64_t)(look->first + row);
    return 0;
}

static int same(const Entry *a, const Entry *b, int hash_size) {
    return a->mode == b->mode && a->length == b->length && !memcmp(a->name, b->name, a->length) && !memcmp(a->oid, b->oid, hash_size);
}

/* Names in the order of their bytes: enough to walk two trees side by side, as what is out of step costs only time. */
static int before(const Entry *a, const Entry *b) {
    int order = memcmp(a->name, b->name, a->length < b->length ? a->length : b->length);
    return order ? order < 0 : a->length < b->length;
}

/* What either tree has alone. They are known to share their first and last bytes, as many as head and tail say. */
static int compare(Look *look, const uint8_t *b, Py_ssize_t before_size, const uint8_t *t, Py_ssize_t after_size, Py_ssize_t shared,
                   Py_ssize_t tail) {
    Py_ssize_t at = 0;
    Entry old, new;
    at = skipped(t, shared, look->hash_size);
    Py_ssize_t x = at, y = at;
    int have_old = 0, have_new = 0;
    for (;;) {
        if (!have_old && !have_new && before_size - x == after_size - y && before_size - x <= tail) return 0;
        if (!have_old && x < before_size) { if (entry(b, before_size, look->hash_size, &x, &old)) return -2; have_old = 1; }
        if (!have_new && y < after_size) { if (entry(t, after_size, look->hash_size, &y, &new)) return -2; have_new = 1; }
        if (!have_old && !have_new) return 0;
        if (have_old && have_new && same(&old, &new, look->hash_size)) { have_old = have_new = 0; continue; }
        if (have_old && (!have_new || !before(&new, &old))) { if (alone(look, &old, 0)) return -1; have_old = 0; }
        else { if (alone(look, &new, 1)) return -1; have_new = 0; }
    }
}

static PyObject *differing(PyObject *self, PyObject *args) {
    Py_buffer base, target, idx, wanted;
    long long first;
    unsigned long long seed;
    Look look = {0};
    if (!PyArg_ParseTuple(args, "y*y*(y*y*iLK)", &base, &target, &idx, &wanted, &look.hash_size, &first, &seed)) return NULL;
    PyObject *result = NULL;
    look.idx = idx.buf;
    look.wanted = wanted.buf;
    look.first = first;
    look.seed = seed;
    look.total = look.hash_size > 4 && look.hash_size <= 32 && idx.len >= 8 + 1024 ? (int64_t)be32(look.idx + 8 + 1020) : -1;
    int failed = -2;
    if (look.total >= 0 && idx.len >= 8 + 1024 + look.total * look.hash_size && wanted.len >= LIKELY + (look.total + 7) / 8) {
        memcpy(look.likely, look.wanted, LIKELY);
        failed = compare(&look, base.buf, base.len, target.buf, target.len, 0, 0);
    }
    if (failed == -2) PyErr_SetString(PyExc_ValueError, "the tree is damaged");
    if (!failed && !look.used[0] && !look.used[1] && !look.absent) result = Py_NewRef(Py_None);
    else if (!failed)
        result = Py_BuildValue("(y#y#O)", look.pairs[1] ? (char *)look.pairs[1] : "", look.used[1] * 16, look.pairs[0] ? (char *)look.pairs[0] : "", look.used[0] * 16,
                               look.absent ? look.absent : Py_None);
    free(look.pairs[0]);
    free(look.pairs[1]);
    Py_XDECREF(look.absent);
    PyBuffer_Release(&base);
    PyBuffer_Release(&target);
    PyBuffer_Release(&idx);
    PyBuffer_Release(&wanted);
    return result;
}

/* Bytes of bases that wait for further trees built on them; what comes below is not read beyond it. */
#define HELD (256 << 20)

typedef struct { int32_t position; PyObject *base; uint64_t below; Py_ssize_t freed; } Waiting;
typedef struct { uint64_t *words; Py_ssize_t used, room; } Records;

static int written(Records *out, uint64_t number, uint64_t below, const Look *look) {
    Py_ssize_t need = 4 + 2 * (look->used[0] + look->used[1]);
    if (out->room - out->used < need) {
        Py_ssize_t room = 2 * out->room + need + 1024;
        uint64_t *words = realloc(out->words, room * 8);
        if (!words) { PyErr_NoMemory(); return -1; }
        out->words = words;
        out->room = room;
    }
    uint64_t head[4] = {number, below, look->used[1], look->used[0]}, *to = out->words + out->used;
    memcpy(to, head, 32);
    if (look->used[1]) memcpy(to + 4, look->pairs[1], look->used[1] * 16);
    if (look->used[0]) memcpy(to + 4 + 2 * look->used[1], look->pairs[0], look->used[0] * 16);
    out->used += need;
    return 0;
}

typedef struct {
    Py_buffer data, offsets, starts, sizes, names, first, following;
    PyObject *decompress, *inflate;
    Py_ssize_t limit;
} Packed;

/* Memory trouble and interruptions end the walk; whatever else goes wrong is the tree's. */
static int excused(void) {
    if (PyErr_ExceptionMatches(PyExc_MemoryError) || !PyErr_ExceptionMatches(PyExc_Exception)) return 0;
    PyErr_Clear();
    return 1;
}

/* The inflated entry; what might grow beyond bounds is left to the careful inflate of scanner/storage/packs.py. */
static PyObject *inflated(const Packed *p, int32_t position) {
    uint64_t start = ((uint64_t *)p->starts.buf)[position], end = ((uint64_t *)p->offsets.buf)[position + 1];
    uint64_t size = ((uint64_t *)p->sizes.buf)[position];
    PyObject *content;
    if (start > end || end > (uint64_t)p->data.len || size > (uint64_t)p->limit) return PyBytes_FromStringAndSize(NULL, 0);
    uint64_t most = (end - start) * 1032;
    if (most > 1 << 20 && most > (uint64_t)p->limit) return PyObject_CallFunction(p->inflate, "in", (int)position, p->limit);
    PyObject *entry = PyMemoryView_FromMemory((char *)p->data.buf + start, (Py_ssize_t)(end - start), PyBUF_READ);
    PyObject *wbits = PyLong_FromLong(15), *room = PyLong_FromUnsignedLongLong((size < most ? size : most) + 1);
    PyObject *args[] = {entry, wbits, room};
    content = entry && wbits && room ? PyObject_Vectorcall(p->decompress, args, 3, NULL) : NULL;
    Py_XDECREF(entry);
    Py_XDECREF(wbits);
    Py_XDECREF(room);
    return content;
}

static int told(PyObject *list, PyObject *one) {
    int failed = !one || PyList_Append(list, one);
    Py_XDECREF(one);
    return failed;
}

/* An entry as it is stored, and of its size; 1: it cannot be read, -1: an exception. */
static int stored(const Packed *p, int32_t position, PyObject **entry) {
    *entry = inflated(p, position);
    if (!*entry) return excused() ? 1 : -1;
    if (PyBytes_Check(*entry) && (uint64_t)PyBytes_GET_SIZE(*entry) == ((uint64_t *)p->sizes.buf)[position]) return 0;
    Py_CLEAR(*entry);
    return 1;
}

/* What is done with each entry: its content to *content, a number for those built on it to *number. 1: it cannot be read. */
typedef int (*Step)(void *own, const Packed *p, const Waiting *at, PyObject **content, uint64_t *number);

/* Visits a delta tree depth first. What cannot be read goes to unread; what is built on it is not visited. */
static int descend(const Packed *p, int32_t root, PyObject *unread, Step step, void *own) {
    Waiting *stack = malloc(64 * sizeof(Waiting));
    Py_ssize_t used = 1, room = 64, count = p->sizes.len / 8, held = 0;
    int failed = -1;
    if (!stack) { PyErr_NoMemory(); return -1; }
    stack[0] = (Waiting){root, NULL, UINT64_MAX, 0};
    while (used) {
        Waiting at = stack[--used];
        PyObject *content = NULL;
        uint64_t number = 0;
        held -= at.freed;
        if (at.position < 0 || at.position >= count) { Py_XDECREF(at.base); PyErr_SetString(PyExc_ValueError, "no such entry"); goto out; }
        int state = step(own, p, &at, &content, &number);
        if (state == 1 && told(unread, PyLong_FromLong(at.position))) state = -1;
        Py_XDECREF(at.base);
        /* The first is the last to be read. */
        Py_ssize_t freed = content ? PyBytes_GET_SIZE(content) : 0;
        for (int32_t child = ((int32_t *)p->first.buf)[at.position]; !state && child >= 0 && child < count; child = ((int32_t *)p->following.buf)[child]) {
            if (held > HELD) { if (told(unread, PyLong_FromLong(child))) state = -1; continue; }
            if (used == room) {
                Waiting *more = realloc(stack, 2 * room * sizeof(Waiting));
                if (!more) { PyErr_NoMemory(); state = -1; break; }
                stack = more;
                room *= 2;
            }
            stack[used++] = (Waiting){child, Py_NewRef(content), number, freed};
            freed = 0;
        }
        if (!freed) held += content ? PyBytes_GET_SIZE(content) : 0;
        Py_XDECREF(content);
        if (state < 0) goto out;
    }
    failed = 0;
out:
    while (used) Py_XDECREF(stack[--used].base);
    free(stack);
    return failed;
}

static int parsed(PyObject *reading, PyObject *plan, Packed *p, Py_buffer *types, Py_buffer *idx, int *hash_size) {
    const char *format = types ? "y*y*y*y*y*y*y*y*y*i" : "y*y*y*y*y*y*y*";
    if (!PyArg_ParseTuple(reading, "OOn", &p->decompress, &p->inflate, &p->limit) ||
        !PyArg_ParseTuple(plan, format, &p->data, &p->offsets, &p->starts, &p->sizes, &p->names, &p->first, &p->following, types, idx, hash_size)) return -1;
    Py_ssize_t count = p->sizes.len / 8;
    if (p->offsets.len >= (count + 1) * 8 && p->starts.len >= count * 8 && p->names.len >= count * 4 && p->first.len >= count * 4 &&
        p->following.len >= count * 4) return 0;
    PyErr_SetString(PyExc_ValueError, "the index is damaged");
    return -1;
}

static void let_go(Packed *p) {
    Py_buffer *held[] = {&p->data, &p->offsets, &p->starts, &p->sizes, &p->names, &p->first, &p->following};
    for (size_t n = 0; n < sizeof held / sizeof *held; n++) PyBuffer_Release(held[n]);
}

typedef struct { char *bytes; Py_ssize_t used, room; } Text;
/* The same in a Python object, so that it need not be copied into one. */
typedef struct { PyObject *bytes; Py_ssize_t used; } Line;

static char *extended(Text *text, Py_ssize_t by) {
    if (text->room - text->used < by) {
        Py_ssize_t room = 2 * text->room + by + 4096;
        char *bytes = realloc(text->bytes, room);
        if (!bytes) { PyErr_NoMemory(); return NULL; }
        text->bytes = bytes;
        text->room = room;
    }
    text->used += by;
    return text->bytes + text->used - by;
}

/* Text that was searched and holds nothing, as hashes of lines with what stands behind them; see scanner/storage/clear.py.
 * The first two words are the secret that they are made with, so that nobody can write lines that are taken for others. */
typedef struct {
    Py_buffer memory;
    uint64_t mask;
    Text added, objects, lines, kept;  /* hashes of what waits, how many up to each object's end; rows; what is not known */
    uint64_t *powers;
} Clear;

#define SECRET_WORDS 2
#define ORDER 0x9E3779B97F4A7C15ull

/* The halves of a 128-bit product as one. */
static uint64_t folded(uint64_t a, uint64_t b) {
#ifdef __SIZEOF_INT128__
    unsigned __int128 product = (unsigned __int128)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
#else
    uint64_t low = (a & 0xffffffff) * (b & 0xffffffff), high = (a >> 32) * (b >> 32);
    uint64_t one = (a >> 32) * (b & 0xffffffff), two = (a & 0xffffffff) * (b >> 32);
    uint64_t middle = (low >> 32) + (one & 0xffffffff) + (two & 0xffffffff);
    return ((middle << 32) | (low & 0xffffffff)) ^ (high + (one >> 32) + (two >> 32) + (middle >> 32));
#endif
}

/* Up to eight bytes as a number; of those behind them none is looked at beyond limit. */
static uint64_t word(const uint8_t *t, Py_ssize_t size, const uint8_t *limit) {
    uint64_t found = 0;
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    if (limit - t >= 8) {
        memcpy(&found, t, 8);
        return size < 8 ? found & (((uint64_t)1 << 8 * size) - 1) : found;
    }
#endif
    memcpy(&found, t, size < 8 ? size : 8);
    return found;
}

static uint64_t hashed(const uint64_t *secret, const uint8_t *t, Py_ssize_t size, const uint8_t *limit) {
    uint64_t hash = folded(secret[0] ^ (uint64_t)size, secret[1] ^ ORDER);
    for (; size > 8; t += 16, size -= 16) {
        hash = folded(word(t, 8, limit) ^ secret[0], word(t + 8, size - 8, limit) ^ hash ^ secret[1]);
        if (size <= 16) return hash;
    }
    return folded(word(t, size, limit) ^ secret[0], hash ^ secret[1]);
}

static int held_back(Text *kept, const uint8_t *t, Py_ssize_t size) {
    char *out = size ? extended(kept, size + 1) : NULL;
    if (!out) return size ? -1 : 0;
    memcpy(out, t, size);
    out[size] = '\n';
    return 0;
}

/* A line: where it and what is known together with it end, a sum of hashes up to its end, and the hash of both. */
typedef struct { Py_ssize_t end, upto; uint64_t sum, hash; } Row;

/* The lines of a stretch of text, each with what stands behind it up to so many bytes; how many, -1 for trouble. */
static Py_ssize_t grouped(Clear *clear, const uint8_t *t, Py_ssize_t size, Py_ssize_t reach) {
    uint64_t *secret = clear->memory.buf, *known = secret + SECRET_WORDS, sum = 0;
    Py_ssize_t count = 0;
    clear->lines.used = 0;
    for (Py_ssize_t at = 0; at < size; count++) {
        const uint8_t *end = memchr(t + at, '\n', size - at);
        Py_ssize_t next = end ? end - t + 1 : size;
        Row *row = (Row *)extended(&clear->lines, sizeof *row);
        if (!row) return -1;
        sum = (sum + hashed(secret, t + at, next - at, t + size)) * ORDER;
        *row = (Row){next, 0, sum, 0};
        at = next;
    }
    Row *rows = (Row *)clear->lines.bytes;
    for (Py_ssize_t n = 0, last = 0; n < count; n++) {
        while (last + 1 < count && rows[last].end < rows[n].end + reach) last++;
        uint64_t hash = rows[last].sum - (n ? rows[n - 1].sum : 0) * clear->powers[last + 1 - n];
        rows[n].hash = folded(hash ^ secret[1], secret[0] ^ ORDER) | 1;
        rows[n].upto = rows[last].end;
#ifdef __GNUC__
        __builtin_prefetch(known + (rows[n].hash >> 8 & clear->mask));
#endif
    }
    return count;
}

/* Adds to kept the lines of a stretch of text that are not known to hold nothing together with what stands behind them,
 * up to so many bytes behind the line's end: no match that crosses a line's end is longer. They are known from now on. */
static int renewed(Clear *clear, const uint8_t *t, Py_ssize_t size, Py_ssize_t reach) {
    Py_ssize_t count = grouped(clear, t, size, reach), upto = 0, from = 0;  /* [from, upto) is to be searched */
    uint64_t *known = (uint64_t *)clear->memory.buf + SECRET_WORDS;
    const Row *rows = (Row *)clear->lines.bytes;
    for (Py_ssize_t n = 0; n < count; n++) {
        uint64_t hash = rows[n].hash, *slot = known + (hash >> 8 & clear->mask);
        if (*slot == hash) continue;
        char *added = extended(&clear->added, sizeof hash);
        if (!added) return -1;
        memcpy(added, &hash, sizeof hash);
        *slot = hash;
        Py_ssize_t start = n ? rows[n - 1].end : 0;
        if (start > upto) {
            if (held_back(&clear->kept, t + from, upto - from)) return -1;
            from = start;
        }
        upto = rows[n].upto;
    }
    return count < 0 ? -1 : held_back(&clear->kept, t + from, upto - from);
}

/* What was added lately is not known any more, but of those objects whose byte is not 0. */
static void unlearned(Clear *clear, const char *keep) {
    uint64_t *known = (uint64_t *)clear->memory.buf + SECRET_WORDS, *added = (uint64_t *)clear->added.bytes;
    Py_ssize_t *ends = (Py_ssize_t *)clear->objects.bytes, object = 0;
    for (Py_ssize_t n = 0; n < clear->added.used; n += sizeof *added) {
        while (keep && ends[object] <= n) object++;
        uint64_t hash = added[n / sizeof *added], *slot = known + (hash >> 8 & clear->mask);
        if (!(keep && keep[object]) && *slot == hash) *slot = 0;
    }
    clear->added.used = clear->objects.used = 0;
}

static int prepared(Clear *clear, Py_ssize_t reach) {
    uint64_t slots = clear->memory.len / sizeof(uint64_t) - SECRET_WORDS;
    if (clear->memory.len < (Py_ssize_t)((SECRET_WORDS + 1) * sizeof(uint64_t)) || slots & (slots - 1) || reach < 0 || reach > 1 << 20) {
        PyErr_SetString(PyExc_ValueError, "memory of another form");
        return -1;
    }
    clear->mask = slots - 1;
    if (!(clear->powers = malloc((reach + 3) * sizeof(uint64_t)))) { PyErr_NoMemory(); return -1; }
    clear->powers[0] = 1;
    for (Py_ssize_t n = 1; n < reach + 3; n++) clear->powers[n] = clear->powers[n - 1] * ORDER;
    return 0;
}

/* Objects on their way to sink; see scanner/storage/delta.py. */
typedef struct {
    PyObject *sink, *contents, *deltas;
    Py_buffer idx, types;
    Line changes;
    Text rows, commits;
    Clear clear;
    Py_ssize_t reach, together, weight;
    int shift, hash_size;
} Growing;

static int flushed(Growing *g, PyObject *changes) {
    PyObject *done = changes ? PyObject_CallFunction(g->sink, "OO(Oy#)y#y#", g->contents, g->deltas, changes,
                                                     g->clear.kept.bytes ? g->clear.kept.bytes : "", g->clear.kept.used, g->rows.bytes,
                                                     g->rows.used, g->commits.bytes ? g->commits.bytes : "", g->commits.used) : NULL;
    int told = done && PyBytes_Check(done) && PyBytes_GET_SIZE(done) == PyList_GET_SIZE(g->contents);
    unlearned(&g->clear, told ? PyBytes_AS_STRING(done) : NULL);
    if (done && !told) PyErr_SetString(PyExc_ValueError, "a sink says of each object whether it is clear");
    Py_XDECREF(done);
    g->changes.used = g->rows.used = g->commits.used = g->weight = g->clear.kept.used = 0;
    if (!told || PyList_SetSlice(g->contents, 0, PyList_GET_SIZE(g->contents), NULL) ||
        PyList_SetSlice(g->deltas, 0, PyList_GET_SIZE(g->deltas), NULL)) return -1;
    return 0;
}

static int flush(Growing *g) {
    if (!g->rows.used) return 0;
    PyObject *changes = g->changes.bytes ? g->changes.bytes : PyBytes_FromStringAndSize(NULL, 0);
    g->changes.bytes = NULL;
    if (!changes || _PyBytes_Resize(&changes, g->changes.used)) return -1;
    int failed = flushed(g, changes);
    Py_XDECREF(changes);
    return failed;
}

/* Room for the changes of one more object: what waits is less than together, and so are they. */
static char *beside(Growing *g, Py_ssize_t size) {
    if (!g->changes.bytes && !(g->changes.bytes = PyBytes_FromStringAndSize(NULL, 2 * g->together))) return NULL;
    g->changes.used += size;
    return PyBytes_AS_STRING(g->changes.bytes) + g->changes.used - size;
}

static int hex(const uint8_t *text, Py_ssize_t size) {
    for (Py_ssize_t n = 0; n < size; n++)
        if (!((text[n] >= '0' && text[n] <= '9') || (text[n] >= 'a' && text[n] <= 'f'))) return 0;
    return 1;
}

/* Adds the line of ids of an ordinary commit, as scanner.commits.history.header does; 1 for one that is not so ordinary, -1 for trouble. */
static int lineage(Growing *g, uint32_t row, const uint8_t *c, Py_ssize_t size) {
    Py_ssize_t width = 2 * g->hash_size, at = 5 + width + 1, name = 8 + 1024 + (Py_ssize_t)row * g->hash_size, parents = 0;
    if (size < at || memcmp(c, "tree ", 5) || !hex(c + 5, width) || c[at - 1] != '\n' || name + g->hash_size > g->idx.len) return 1;
    while (size - at > 7 + width && !memcmp(c + at, "parent ", 7) && hex(c + at + 7, width) && c[at + 7 + width] == '\n') {
        at += 8 + width;
        parents++;
    }
    if (size - at < 7 || memcmp(c + at, "author ", 7)) return 1;
    char *out = extended(&g->commits, (parents + 2) * (width + 1));
    if (!out) return -1;
    for (int n = 0; n < g->hash_size; n++) {
        uint8_t byte = ((uint8_t *)g->idx.buf)[name + n];
        *out++ = "0123456789abcdef"[byte >> 4];
        *out++ = "0123456789abcdef"[byte & 15];
    }
    *out++ = ' ';
    memcpy(out, c + 5, width);
    out += width;
    for (Py_ssize_t n = 0; n < parents; n++) {
        *out++ = ' ';
        memcpy(out, c + 5 + width + 1 + n * (8 + width) + 7, width);
        out += width;
    }
    *out = '\n';
    return 0;
}

/* Whether scanner.contents.opening.worth or an LFS pointer's beginning may hold of a content. */
static int peculiar(const uint8_t *c, Py_ssize_t size) {
    if (size < 2) return 0;
    switch (c[0] << 8 | c[1]) {
        case 0x1f8b: case 0x504b: case 0xfd37: case 0x425a: case 0x377a: case 0xfffe: case 0xfeff: case 0x3082: case 0x3080: return 1;
    }
    return c[0] == '{' || (size >= 8 && !memcmp(c, "version ", 8)) || memchr(c, 0, size < 512 ? size : 512) != NULL;
}

/* One object: its content, and what of it is new to the rows that wait. */
static int grown(void *own, const Packed *p, const Waiting *at, PyObject **content, uint64_t *number) {
    Growing *g = own;
    PyObject *entry;
    int state = stored(p, at->position, &entry);
    if (state) return state;
    const char *fault = NULL;
    Py_ssize_t shared[2], size;
    Ranges ranges = {NULL, 0, 0};
    if (at->base) {
        *content = patched((uint8_t *)PyBytes_AS_STRING(at->base), PyBytes_GET_SIZE(at->base), (uint8_t *)PyBytes_AS_STRING(entry),
                           PyBytes_GET_SIZE(entry), p->limit, &ranges, shared, &fault);
        if (!*content) { free(ranges.rows); Py_DECREF(entry); return fault ? 1 : -1; }
        size = widened((uint8_t *)PyBytes_AS_STRING(*content), PyBytes_GET_SIZE(*content), &ranges, g->reach);
    } else {
        *content = Py_NewRef(entry);
        size = PyBytes_GET_SIZE(entry) + 1;
    }
    const uint8_t *c = (uint8_t *)PyBytes_AS_STRING(*content);
    Py_ssize_t length = PyBytes_GET_SIZE(*content);
    int large = size > g->together;
    PyObject *changes = NULL;
    if (large && flush(g)) goto trouble;
    if (large) changes = at->base ? PyBytes_FromStringAndSize(NULL, size) : Py_NewRef(entry);
    char *out = large ? changes ? PyBytes_AS_STRING(changes) : NULL : beside(g, size);
    if (!out) goto trouble;
    if (at->base) copied(out, c, &ranges);
    else if (!large) { memcpy(out, c, length); out[length] = '\n'; }
    for (Py_ssize_t n = 0; at->base && n < ranges.used; n++)
        if (renewed(&g->clear, c + ranges.rows[2 * n], ranges.rows[2 * n + 1] - ranges.rows[2 * n], g->reach)) goto trouble;
    if (!at->base && renewed(&g->clear, c, length, g->reach)) goto trouble;
    char *learned = extended(&g->clear.objects, sizeof(Py_ssize_t));
    if (!learned) goto trouble;
    memcpy(learned, &g->clear.added.used, sizeof(Py_ssize_t));
    uint8_t type = ((uint8_t *)g->types.buf)[at->position];
    int odd = type == 1 ? lineage(g, ((uint32_t *)p->names.buf)[at->position], c, length) : type != 3;
    int64_t row[5] = {at->position, at->base ? (int64_t)at->below : -1, large ? PyBytes_GET_SIZE(changes) : g->changes.used,
                      g->clear.kept.used, odd | peculiar(c, length)};
    char *rows = odd < 0 ? NULL : extended(&g->rows, sizeof row);
    if (!rows) goto trouble;
    memcpy(rows, row, sizeof row);
    if (PyList_Append(g->contents, *content) || PyList_Append(g->deltas, entry)) goto trouble;
    *number = (uint64_t)at->position;
    g->weight += size + (length >> g->shift);
    state = large ? flushed(g, changes) : g->weight > g->together ? flush(g) : 0;
    if (!state) goto out;
trouble:
    state = -1;
    Py_CLEAR(*content);
out:
    free(ranges.rows);
    Py_XDECREF(changes);
    Py_DECREF(entry);
    return state;
}

static PyObject *grow(PyObject *self, PyObject *args) {
    Packed p = {0};
    Growing g = {0};
    Py_buffer roots = {0};
    PyObject *reading, *plan, *unread = PyList_New(0), *result = NULL;
    if (!unread || !PyArg_ParseTuple(args, "O!O!y*(nni)(w*O)", &PyTuple_Type, &reading, &PyTuple_Type, &plan, &roots, &g.reach, &g.together, &g.shift,
                                      &g.clear.memory, &g.sink)) { Py_XDECREF(unread); return NULL; }
    g.contents = PyList_New(0);
    g.deltas = PyList_New(0);
    if (!g.contents || !g.deltas || prepared(&g.clear, g.reach) || parsed(reading, plan, &p, &g.types, &g.idx, &g.hash_size)) goto out;
    if (g.types.len < p.sizes.len / 8 || g.hash_size < 1 || g.hash_size > 32 || g.shift < 0 || g.shift > 62) { PyErr_SetString(PyExc_ValueError, "the index is damaged"); goto out; }
    Py_ssize_t n = 0;
    while (n < roots.len / 4 && !descend(&p, ((int32_t *)roots.buf)[n], unread, grown, &g)) n++;
    if (n == roots.len / 4 && !flush(&g)) result = Py_NewRef(unread);
    unlearned(&g.clear, NULL);  /* what waits after trouble was not searched */
out:
    Py_XDECREF(g.changes.bytes);
    free(g.rows.bytes);
    free(g.commits.bytes);
    free(g.clear.added.bytes);
    free(g.clear.objects.bytes);
    free(g.clear.lines.bytes);
    free(g.clear.kept.bytes);
    free(g.clear.powers);
    PyBuffer_Release(&g.clear.memory);
    Py_XDECREF(g.contents);
    Py_XDECREF(g.deltas);
    Py_DECREF(unread);
    let_go(&p);
    PyBuffer_Release(&roots);
    PyBuffer_Release(&g.types);
    PyBuffer_Release(&g.idx);
    return result;
}

typedef struct { Look look; Records out; PyObject *partial; } Trees;

/* One git tree, compared with the one that it is built on. */
static int visit(void *own, const Packed *p, const Waiting *at, PyObject **content, uint64_t *number) {
    Trees *trees = own;
    Look *look = &trees->look;
    const char *fault = NULL;
    Py_ssize_t shared[2] = {0, 0};
    Ranges ranges = {NULL, 0, 0};
    PyObject *entry;
    int state = stored(p, at->position, &entry);
    if (state) return state;
    if (at->base) {
        *content = patched((uint8_t *)PyBytes_AS_STRING(at->base), PyBytes_GET_SIZE(at->base), (uint8_t *)PyBytes_AS_STRING(entry),
                           PyBytes_GET_SIZE(entry), p->limit, &ranges, shared, &fault);
        free(ranges.rows);
        Py_DECREF(entry);
        if (!*content) return fault ? 1 : -1;
    } else *content = entry;
    look->used[0] = look->used[1] = 0;
    Py_CLEAR(look->absent);
    *number = (uint64_t)look->first + ((uint32_t *)p->names.buf)[at->position];
    state = compare(look, at->base ? (uint8_t *)PyBytes_AS_STRING(at->base) : NULL, at->base ? PyBytes_GET_SIZE(at->base) : 0,
                    (uint8_t *)PyBytes_AS_STRING(*content), PyBytes_GET_SIZE(*content), shared[0], shared[1]);
    if (state == -2) state = 1;
    else if (!state && look->absent)
        state = -told(trees->partial, Py_BuildValue("(iKy#y#O)", (int)at->position, (unsigned long long)at->below,
                                                    look->pairs[1] ? (char *)look->pairs[1] : "", look->used[1] * 16,
                                                    look->pairs[0] ? (char *)look->pairs[0] : "", look->used[0] * 16, look->absent));
    else if (!state && (at->base || look->used[1]))
        state = written(&trees->out, *number, at->below, look);
    if (state) Py_CLEAR(*content);
    return state;
}

static PyObject *walk(PyObject *self, PyObject *args) {
    Packed p = {0};
    Trees trees = {0};
    Look *look = &trees.look;
    Py_buffer idx = {0}, wanted = {0}, roots = {0}, table = {0};
    long long first;
    unsigned long long seed;
    PyObject *reading, *plan, *result = NULL, *unread = PyList_New(0);
    trees.partial = PyList_New(0);
    if (!unread || !trees.partial || !PyArg_ParseTuple(args, "O!O!y*(y*y*iLK)y*", &PyTuple_Type, &reading, &PyTuple_Type, &plan, &roots, &idx, &wanted,
                                                       &look->hash_size, &first, &seed, &table) || parsed(reading, plan, &p, NULL, NULL, NULL)) goto out;
    look->idx = idx.buf;
    look->wanted = wanted.buf;
    look->first = first;
    look->seed = seed;
    look->total = look->hash_size > 4 && look->hash_size <= 32 && idx.len >= 8 + 1024 ? (int64_t)be32(look->idx + 8 + 1020) : -1;
    if (look->total < 0 || idx.len < 8 + 1024 + look->total * look->hash_size || wanted.len < LIKELY + (look->total + 7) / 8)
        PyErr_SetString(PyExc_ValueError, "the index is damaged");
    else if ((look->seen = calloc(SEEN, sizeof(Seen))) || PyErr_NoMemory()) {
        Py_ssize_t n = 0;
        while ((((Py_ssize_t)2 << look->bits) + 1) * 4 <= table.len) look->bits++;
        /* Its last entry bounds all others: none was written that is greater. */
        if (look->bits && look->bits < 32 && ((uint32_t *)table.buf)[(size_t)1 << look->bits] <= look->total) look->table = table.buf;
        memcpy(look->likely, look->wanted, LIKELY);
        while (n < roots.len / 4 && !descend(&p, ((int32_t *)roots.buf)[n], unread, visit, &trees)) n++;
        if (n == roots.len / 4)
            result = Py_BuildValue("(y#OO)", trees.out.words ? (char *)trees.out.words : "", trees.out.used * 8, trees.partial, unread);
    }
out:
    free(trees.out.words);
    free(look->seen);
    free(look->pairs[0]);
    free(look->pairs[1]);
    Py_XDECREF(look->absent);
    Py_XDECREF(trees.partial);
    Py_XDECREF(unread);
    let_go(&p);
    PyBuffer_Release(&roots);
    PyBuffer_Release(&idx);
    PyBuffer_Release(&wanted);
    PyBuffer_Release(&table);
    return result;
}

static uint64_t mixed(uint64_t seed, uint64_t name, uint64_t value) {
    uint64_t x = (value ^ seed) * 0x9e3779b97f4a7c15u + name;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

typedef struct { uint64_t *rows; int64_t used, room; } Stack;

static int push(Stack *stack, uint64_t number) {
    if (stack->used == stack->room) {
        int64_t room = stack->room ? 2 * stack->room : 1024;
        uint64_t *rows = realloc(stack->rows, room * 8);
        if (!rows) { PyErr_NoMemory(); return -1; }
        stack->rows = rows;
        stack->room = room;
    }
    stack->rows[stack->used++] = number;
    return 0;
}

/* Adds the records on the way round from child to the top of the stack that lean on a base: one of them does always,
 * as no tree can hold itself. */
static int circle(Stack *stack, const uint64_t **where, const uint8_t *state, uint64_t child, Stack *circular) {
    for (int64_t n = stack->used; n-- > 0;) {
        uint64_t number = stack->rows[n];
        if (state[number] != 1) continue;
        if (where[number][1] != UINT64_MAX && push(circular, number)) return -1;
        if (number == child) break;
    }
    return 0;
}

/* One step at the top of the stack: waits for what its record names, or sums it up. */
static int step(Stack *stack, const uint64_t **where, uint8_t *state, uint64_t *sums, uint64_t total, uint64_t seed, Stack *circular) {
    uint64_t number = stack->rows[stack->used - 1];
    const uint64_t *record = where[number];
    if (state[number] == 2 || !record) { state[number] = 2; stack->used--; return 0; }
    uint64_t pairs = record[2] + record[3];
    if (!state[number]) {
        state[number] = 1;
        for (uint64_t n = 0; n <= pairs; n++) {
            uint64_t child = n < pairs ? record[5 + 2 * n] : record[1];
            if (child >= total || state[child] == 2) continue;
            if (state[child] == 1 ? circle(stack, where, state, child, circular) : push(stack, child)) return -1;
        }
        return 0;
    }
    uint64_t sum = record[1] < total ? sums[record[1]] : 0;
    for (uint64_t n = 0; n < pairs; n++) {
        uint64_t child = record[5 + 2 * n], value = child < total ? sums[child] : 0;
        if (value) sum += n < record[2] ? mixed(seed, record[4 + 2 * n], value) : 0 - mixed(seed, record[4 + 2 * n], value);
    }
    sums[number] = sum;
    state[number] = 2;
    stack->used--;
    return 0;
}

static PyObject *signatures(PyObject *self, PyObject *args) {
    PyObject *chunks;
    Py_buffer known, asked;
    unsigned long long total, seed;
    if (!PyArg_ParseTuple(args, "O!Ky*y*K", &PyTuple_Type, &chunks, &total, &known, &asked, &seed)) return NULL;
    const uint64_t *values = known.buf, *numbers = asked.buf;
    const uint64_t **where = calloc(total + 1, sizeof(*where));
    uint64_t *sums = calloc(total + 1, sizeof(uint64_t));
    uint8_t *state = calloc(total + 1, 1);
    Stack stack = {NULL, 0, 0}, circular = {NULL, 0, 0};
    PyObject *result = NULL, *sums_o = NULL;
    const char *fault = "the records are damaged";
    if (!where || !sums || !state) { PyErr_NoMemory(); fault = NULL; goto out; }
    for (Py_ssize_t n = 0; n < PyTuple_GET_SIZE(chunks); n++) {
        PyObject *chunk = PyTuple_GET_ITEM(chunks, n);
        if (!PyBytes_Check(chunk)) goto out;
        const uint64_t *record = (const uint64_t *)PyBytes_AS_STRING(chunk), *end = record + PyBytes_GET_SIZE(chunk) / 8;
        while (record < end) {
            if (end - record < 4 || record[0] >= total || record[2] > (uint64_t)(end - record) || record[3] > (uint64_t)(end - record) ||
                (uint64_t)(end - record - 4) < 2 * (record[2] + record[3])) goto out;
            where[record[0]] = record;
            record += 4 + 2 * (record[2] + record[3]);
        }
    }
    for (Py_ssize_t n = 0; n < known.len / 16; n++) {
        if (values[2 * n] >= total) goto out;
        sums[values[2 * n]] = values[2 * n + 1];
        state[values[2 * n]] = 2;
    }
    if (!(sums_o = PyBytes_FromStringAndSize(NULL, asked.len / 8 * 8))) { fault = NULL; goto out; }
    uint64_t *answers = (uint64_t *)PyBytes_AS_STRING(sums_o);
    for (Py_ssize_t n = 0; n < asked.len / 8; n++) {
        if (numbers[n] >= total) goto out;
        int failed = push(&stack, numbers[n]);
        while (!failed && stack.used) failed = step(&stack, where, state, sums, total, seed, &circular);
        if (failed) { fault = NULL; goto out; }
        answers[n] = sums[numbers[n]];
    }
    result = Py_BuildValue("(Oy#)", sums_o, circular.used ? (char *)circular.rows : "", (Py_ssize_t)circular.used * 8);
    fault = NULL;
out:
    if (fault) PyErr_SetString(PyExc_ValueError, fault);
    free(where);
    free(sums);
    free(state);
    free(stack.rows);
    free(circular.rows);
    Py_XDECREF(sums_o);
    PyBuffer_Release(&known);
    PyBuffer_Release(&asked);
    return result;
}

static PyMethodDef methods[] = {
    {"drawn", drawn, METH_VARARGS, "drawn(content, before, after) -> pairs; see scanner/storage/delta.py"},
    {"carry", carry, METH_VARARGS, "carry(delta, stretches) -> shifts of each; see scanner/storage/delta.py"},
    {"plan", plan, METH_VARARGS, "plan(idx, pack, hash_size) -> nine arrays; see scanner/storage/delta.py"},
    {"shares", shares, METH_VARARGS, "shares(offsets, roots, types, batch, trees) -> list of (bytes, roots); see scanner/storage/delta.py"},
    {"rows", rows, METH_VARARGS, "rows(idx, ids, hash_size) -> rows; see scanner/storage/treewalk.py"},
    {"differing", differing, METH_VARARGS, "differing(base, tree, search); see scanner/storage/treewalk.py"},
    {"grow", grow, METH_VARARGS, "grow(reading, plan, roots, bounds, (known, sink)) -> unread; see scanner/storage/delta.py"},
    {"beginnings", beginnings, METH_VARARGS, "beginnings(idx, hash_size) -> table; see scanner/storage/treewalk.py"},
    {"walk", walk, METH_VARARGS, "walk(reading, plan, roots, search, table); see scanner/storage/treewalk.py"},
    {"signatures", signatures, METH_VARARGS, "signatures(records, total, known, asked, seed); see scanner/storage/treewalk.py"},
    {"apply", apply, METH_VARARGS, "apply(base, delta, reach, limit) -> (target, lines); see scanner/storage/delta.py"},
    {NULL, NULL, 0, NULL}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "scanner._kernel", NULL, -1, methods};
PyMODINIT_FUNC PyInit__kernel(void) { return PyModule_Create(&module); }
