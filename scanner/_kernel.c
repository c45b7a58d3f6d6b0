/* The hot loops of the pack reader. scanner/delta.py holds the same three functions in Python, and tests compare them.
 *
 * plan(idx, pack, hash_size) reads a version 2 index and the header of every entry of its pack.
 * apply(base, delta, reach, limit) builds a delta's target and collects what the delta adds or joins.
 * carry(delta, stretches) says where stretches of the base stand in the target.
 * Formats: gitformat-pack(5). Nothing read from a file is trusted: each access is checked against its buffer. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef struct { uint64_t offset; uint32_t index; } Slot;

static uint32_t be32(const uint8_t *p) { return (uint32_t)p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3]; }

static int by_offset(const void *a, const void *b) {
    uint64_t x = ((const Slot *)a)->offset, y = ((const Slot *)b)->offset;
    return x < y ? -1 : x > y;
}

/* Position (in offset order) of the entry at an offset, or -1. */
static int64_t at_offset(const uint64_t *offsets, int64_t count, uint64_t wanted) {
    int64_t low = 0, high = count;
    while (low < high) {
        int64_t middle = (low + high) / 2;
        if (offsets[middle] < wanted) low = middle + 1; else high = middle;
    }
    return low < count && offsets[low] == wanted ? low : -1;
}

static int64_t by_name(const uint8_t *idx, int64_t count, int size, const uint8_t *name) {
    int64_t low = name[0] ? be32(idx + 8 + 4 * (name[0] - 1)) : 0, high = be32(idx + 8 + 4 * name[0]);
    const uint8_t *names = idx + 8 + 1024;
    if (high > count) return -1;
    while (low < high) {
        int64_t middle = (low + high) / 2;
        int order = memcmp(names + middle * size, name, size);
        if (!order) return middle;
        if (order < 0) low = middle + 1; else high = middle;
    }
    return -1;
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
    qsort(slots, count, sizeof(Slot), by_offset);
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
                int64_t found = at_offset(offsets, count, offsets[n] - distance);
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

/* The ranges with reach bytes on either side, where they meet as one, each ended by a line end. */
static PyObject *around(const uint8_t *target, Py_ssize_t size, Ranges *r, Py_ssize_t reach) {
    Py_ssize_t total = 0, kept = 0;
    for (Py_ssize_t n = 0; n < r->used; n++) {
        Py_ssize_t start = r->rows[2 * n], end = r->rows[2 * n + 1];
        Py_ssize_t before = kept ? r->rows[2 * kept - 1] : -1;
        start = start > reach ? start - reach : 0;
        end = size - end > reach ? end + reach : size;
        if (kept && start <= before) {
            if (end > before) { total += end - before; r->rows[2 * kept - 1] = end; }
            continue;
        }
        r->rows[2 * kept] = start;
        r->rows[2 * kept + 1] = end;
        total += end - start + 1;
        kept++;
    }
    PyObject *joined = PyBytes_FromStringAndSize(NULL, total);
    if (!joined) return NULL;
    char *out = PyBytes_AS_STRING(joined);
    for (Py_ssize_t n = 0; n < kept; n++) {
        Py_ssize_t length = r->rows[2 * n + 1] - r->rows[2 * n];
        memcpy(out, target + r->rows[2 * n], length);
        out += length;
        *out++ = '\n';
    }
    return joined;
}

static PyObject *apply(PyObject *self, PyObject *args) {
    Py_buffer base, delta;
    Py_ssize_t reach, limit;
    if (!PyArg_ParseTuple(args, "y*y*nn", &base, &delta, &reach, &limit)) return NULL;
    const uint8_t *d = delta.buf, *b = base.buf;
    Py_ssize_t at = 0, filled = 0, follows = 0;
    uint64_t from, to;
    Ranges ranges = {NULL, 0, 0};
    PyObject *target = NULL, *lines = NULL, *result = NULL;
    const char *fault = "the delta is damaged";
    if (varint(d, delta.len, &at, &from) || varint(d, delta.len, &at, &to) || from != (uint64_t)base.len) goto out;
    if (to > (uint64_t)limit) { fault = "the delta's target is above the size limit"; goto out; }
    if (!(target = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)to))) { fault = NULL; goto out; }
    uint8_t *t = (uint8_t *)PyBytes_AS_STRING(target);
    Py_ssize_t size = (Py_ssize_t)to;
    while (at < delta.len) {
        uint8_t op = d[at++];
        if (op & 128) {
            uint32_t start = 0, length = 0;
            for (int n = 0; n < 4; n++) if (op & (1 << n)) { if (at >= delta.len) goto out; start |= (uint32_t)d[at++] << (8 * n); }
            for (int n = 0; n < 3; n++) if (op & (16 << n)) { if (at >= delta.len) goto out; length |= (uint32_t)d[at++] << (8 * n); }
            if (!length) length = 0x10000;
            if ((Py_ssize_t)start > base.len || (Py_ssize_t)length > base.len - (Py_ssize_t)start || (Py_ssize_t)length > size - filled) goto out;
            if ((Py_ssize_t)start != follows && note(&ranges, filled, filled)) goto nomem;
            memcpy(t + filled, b + start, length);
            filled += length;
            follows = (Py_ssize_t)start + length;
        } else if (op) {
            if (op > delta.len - at || op > size - filled) goto out;
            if (note(&ranges, filled, filled + op)) goto nomem;
            memcpy(t + filled, d + at, op);
            at += op;
            filled += op;
            follows = -1;
        } else goto out;
    }
    if (filled != size) goto out;
    if (follows != base.len && note(&ranges, filled, filled)) goto nomem;
    if (!(lines = around(t, size, &ranges, reach))) { fault = NULL; goto out; }
    result = PyTuple_Pack(2, target, lines);
    fault = NULL;
    goto out;
nomem:
    PyErr_NoMemory();
    fault = NULL;
out:
    if (fault) PyErr_SetString(PyExc_ValueError, fault);
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
    int64_t source = 0, target = 0, size = 0, filled = 0;
    uint8_t *cut = calloc(count + 1, 1);
    PyObject **shifts = calloc(count + 1, sizeof(PyObject *)), *result = NULL;
    const char *fault = "the delta is damaged";
    if (!cut || !shifts) { PyErr_NoMemory(); fault = NULL; goto out; }
    if (varint(d, delta.len, &at, &before) || varint(d, delta.len, &at, &after)) goto out;
    while (at < delta.len) {
        uint8_t op = d[at++];
        uint32_t start = 0, length = 0;
        if (!op) goto out;
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

static PyMethodDef methods[] = {
    {"carry", carry, METH_VARARGS, "carry(delta, stretches) -> shifts of each; see scanner/delta.py"},
    {"plan", plan, METH_VARARGS, "plan(idx, pack, hash_size) -> nine arrays; see scanner/delta.py"},
    {"apply", apply, METH_VARARGS, "apply(base, delta, reach, limit) -> (target, lines); see scanner/delta.py"},
    {NULL, NULL, 0, NULL}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "scanner._kernel", NULL, -1, methods};
PyMODINIT_FUNC PyInit__kernel(void) { return PyModule_Create(&module); }
