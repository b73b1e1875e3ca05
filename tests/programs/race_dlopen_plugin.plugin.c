/* The plugin of race_dlopen_plugin.c. */
static int counter;

int plugin_count(void);
int plugin_count(void)
{
    return ++counter; // RACE 1
}

void plugin_store(int *where);
void plugin_store(int *where)
{
    *where = 7; // RACE 2
}
