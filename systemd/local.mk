# SPDX-License-Identifier: GPL-2.0-or-later
#
# Most files are installed under another name than their name here, which needs the install
# hooks. If a directory was configured as "no", its files are not installed.

systemd_units = systemd/nft-offloadd.service systemd/nft-offload-cleanup.service
systemd_sysusers = systemd/nft-offload.sysusers
systemd_tmpfiles =
systemd_sysctl = systemd/nft-offload.sysctl
systemd_modules = systemd/nft-offload.modules
EXTRA_DIST += $(systemd_units:=.in) $(systemd_sysusers) $(systemd_tmpfiles) \
	$(systemd_sysctl) $(systemd_modules)
CLEANFILES += $(systemd_units)

if WITH_SYSTEMDSYSTEMUNITDIR
nodist_systemdsystemunit_DATA = $(systemd_units)
endif

# In the units, @name@ stands for the directory variable of that name.
substitute = $(SED) \
	-e 's|@sbindir[@]|$(sbindir)|g' \
	-e 's|@bindir[@]|$(bindir)|g' \
	-e 's|@sysconfdir[@]|$(sysconfdir)|g' \
	-e 's|@runstatedir[@]|$(runstatedir)|g' \
	-e 's|@docdir[@]|$(docdir)|g'

systemd/%.service: systemd/%.service.in Makefile
	$(AM_V_at)$(MKDIR_P) systemd
	$(AM_V_GEN)$(substitute) $< >$@.tmp && mv $@.tmp $@

# "directory|source file|installed name" of each file to install.
systemd_installs =
if WITH_SYSUSERSDIR
systemd_installs += $(systemd_sysusers:%='$(sysusersdir)|%|nft-offload.conf')
endif
if WITH_TMPFILESDIR
systemd_installs += $(systemd_tmpfiles:%='$(tmpfilesdir)|%|nft-offload.conf')
endif
if WITH_SYSCTLDIR
systemd_installs += $(systemd_sysctl:%='$(sysctldir)|%|50-nft-offload.conf')
endif
if WITH_MODULESLOADDIR
systemd_installs += $(systemd_modules:%='$(modulesloaddir)|%|nft-offload.conf')
endif

install-data-hook:
	@for entry in $(systemd_installs); do \
		dir=$${entry%%|*}; rest=$${entry#*|}; \
		$(MKDIR_P) "$(DESTDIR)$$dir" && \
		echo " $(INSTALL_DATA) $(srcdir)/$${rest%%|*} $(DESTDIR)$$dir/$${rest#*|}" && \
		$(INSTALL_DATA) "$(srcdir)/$${rest%%|*}" "$(DESTDIR)$$dir/$${rest#*|}" || exit 1; \
	done

uninstall-hook:
	@for entry in $(systemd_installs); do \
		dir=$${entry%%|*}; rest=$${entry#*|}; \
		rm -f "$(DESTDIR)$$dir/$${rest#*|}"; \
	done
