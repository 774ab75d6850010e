/* SPDX-License-Identifier: BSD-2-Clause */
#include "console.h"

struct port_device console_device;
struct vio_blk console_disk;

static bool same(const char *a, const char *b)
{
    while (*a && *a == *b) {
        a++;
        b++;
    }
    return *a == *b;
}

/* Cut a line into words, in place. */
static unsigned split(char *line, char **word, unsigned max)
{
    unsigned n = 0;

    for (; n < max; n++) {
        while (*line == ' ')
            *line++ = '\0';
        if (!*line)
            break;
        word[n] = line;
        while (*line && *line != ' ')
            line++;
    }
    return n;
}

static uint64_t number(const char *s)
{
    uint64_t n = 0;

    for (; *s >= '0' && *s <= '9'; s++)
        n = n * 10 + (uint64_t)(*s - '0');
    return n;
}

static const struct console_command *find(const char *name)
{
    static const struct console_command *const tables[] = {console_sync,
                                                           console_async};

    for (unsigned i = 0; i < sizeof tables / sizeof *tables; i++)
        for (const struct console_command *c = tables[i]; c->name; c++)
            if (same(c->name, name))
                return c;
    return NULL;
}

static void obey(char **word, unsigned n)
{
    const struct console_command *command = find(word[0]);
    uint64_t arg[CONSOLE_ARGS] = {0};

    for (unsigned i = 1; i < n; i++)
        arg[i - 1] = number(word[i]);
    if (command && command->n_args == n - 1)
        port_print("%s: %s\n", word[0], vio_strerror(command->run(arg)));
    else
        port_print("%s: no such command\n", word[0]);
}

static int bring_up(void)
{
    struct port_walk walk = {0};
    int err = guest_probe_sleeping(&walk, &console_device);

    if (err < 0)
        return err;
    err = vio_blk_init(&console_disk, &console_device.dev, NULL, &guest_mem);
    if (err < 0)
        guest_expect_why("disk", err, &console_device.dev.why, VIO_WHY_NONE);
    return err;
}

int main(void)
{
    char line[80];
    char *word[CONSOLE_ARGS + 1];

    if (bring_up() < 0)
        return 1;
    port_print("ready\n");
    for (;;) {
        unsigned n;

        port_read_line(line, sizeof line);
        n = split(line, word, CONSOLE_ARGS + 1);
        if (n > 0 && same(word[0], "quit"))
            return 0;
        if (n > 0)
            obey(word, n);
    }
}
