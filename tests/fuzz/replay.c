/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * replay - runs one target over the files in its arguments, or over its corpus.
 */
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fuzz/fuzz.h"

#define PATH_SIZE 1024

/* Runs the target over one file. False when the file cannot be read. */
static bool play_file(const char *path)
{
	FILE *stream = fopen(path, "re");
	struct stat st;
	uint8_t *data;
	bool is_read;

	if (!stream || fstat(fileno(stream), &st) < 0)
		return false;
	data = malloc((size_t)st.st_size + 1);
	is_read = data && fread(data, 1, (size_t)st.st_size, stream) == (size_t)st.st_size;
	fclose(stream);
	if (is_read)
		LLVMFuzzerTestOneInput(data, (size_t)st.st_size);
	free(data);
	return is_read;
}

static unsigned int play_directory(const char *directory, bool *ret_is_fine)
{
	DIR *dir = opendir(directory);
	const struct dirent *entry;
	unsigned int n = 0;

	*ret_is_fine = dir;
	while (dir && (entry = readdir(dir))) {
		char path[PATH_SIZE + sizeof(entry->d_name)];

		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", directory, entry->d_name);
		if (!play_file(path)) {
			printf("# %s: %s\n", path, strerror(errno));
			*ret_is_fine = false;
		}
		n++;
	}
	if (dir)
		closedir(dir);
	return n;
}

int main(int argc, char **argv)
{
	const char *source = getenv("top_srcdir");
	char directory[PATH_SIZE];
	unsigned int n;
	bool is_fine;

	printf("1..1\n");
	if (argc > 1) {
		for (int i = 1; i < argc; i++) {
			if (!play_file(argv[i]))
				return 1;
		}
		printf("ok 1 - %d files\n", argc - 1);
		return 0;
	}
	snprintf(directory, sizeof(directory), "%s/" CORPUS, source ? source : ".");
	fflush(stdout);
	n = play_directory(directory, &is_fine);
	printf("%sok 1 - %u files of %s\n", is_fine && n ? "" : "not ", n, CORPUS);
	return !is_fine || !n;
}
