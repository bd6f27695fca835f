/*
 * The file's outside: what a boot loader reads and enters. Behind it lies the guest itself, an ELF file that was linked for
 * the place it has in memory once the loader has copied all of this there, so nothing is moved or unpacked.
 *
 *   0x000  boot sector and setup, 16 bit: the setup header, and the way to protected mode for loaders that start there
 *   0x400  PROTECTED, loaded at 0x100000: entered in 32-bit mode here, in 64-bit mode 0x200 bytes further on
 *          the page tables of the way to 64-bit mode
 *   ELF    the guest; its own header says where it is entered
 *
 * The assembler is told PAYLOAD_LENGTH, the bytes of the ELF file, and IMAGE_END, where it ends in memory.
 *
 * The Linux/x86 Boot Protocol: The Real-Mode Kernel Header, 32-bit Boot Protocol, 64-bit Boot Protocol
 */
#include "layout.h"

#define SECTOR 512
#define SETUP_SECTORS 1
#define PROTECTED ((SETUP_SECTORS + 1) * SECTOR)
/* Where a label behind PROTECTED is in memory. */
#define LOADED(label) (label - protected + LOAD_ADDRESS)

/* Selectors; the first two are the protocol's. */
#define CODE32 0x10
#define DATA 0x18
#define CODE64 0x20

#define CR0_PE 0
#define CR0_PG 31
#define CR4_PAE 5
#define MSR_EFER 0xc0000080
#define EFER_LME 8
#define PRESENT_WRITABLE 0x3
#define LARGE_PAGE 0x80

	.text
	.code16
image:
	.org 0x1f1
	.byte SETUP_SECTORS			/* setup_sects */
	.word 1					/* root_flags */
	.long (PAYLOAD_OFFSET + PAYLOAD_LENGTH + 15) / 16 /* syssize */
	.word 0, 0xffff, 0			/* ram_size, vid_mode, root_dev */
	.word 0xaa55				/* boot_flag */
	.byte 0xeb, setup - 1f			/* jump: its second byte says where the header ends */
1:	.ascii "HdrS"				/* header */
	.word 0x020f				/* version */
	.long 0					/* realmode_swtch */
	.word 0					/* start_sys_seg */
	.word version - 0x200			/* kernel_version */
	.byte 0					/* type_of_loader */
	.byte 1					/* loadflags: LOADED_HIGH */
	.word 0					/* setup_move_size */
	.long LOAD_ADDRESS			/* code32_start */
	.long 0, 0, 0				/* ramdisk_image, ramdisk_size, bootsect_kludge */
	.word 0					/* heap_end_ptr */
	.byte 0, 0				/* ext_loader_ver, ext_loader_type */
	.long 0					/* cmd_line_ptr */
	.long 0x7fffffff			/* initrd_addr_max */
	.long 0x200000				/* kernel_alignment */
	.byte 0, 0				/* relocatable_kernel, min_alignment */
	.word 1					/* xloadflags: XLF_KERNEL_64 */
	.long CMDLINE_SIZE			/* cmdline_size */
	.long 0, 0, 0				/* hardware_subarch and its data */
	.long PAYLOAD_OFFSET			/* payload_offset */
	.long PAYLOAD_LENGTH			/* payload_length */
	.quad 0					/* setup_data */
	.quad LOAD_ADDRESS			/* pref_address */
	.long IMAGE_END - LOAD_ADDRESS		/* init_size */
	.long 0, 0				/* handover_offset, kernel_info_offset */

/* DS is the segment this was loaded at; firmware that can load above 1 MiB has line A20 on. The header serves as boot_params. */
setup:
	cli
	cld
	xorl %esi, %esi
	movw %ds, %si
	shll $4, %esi
	lgdtl gdt_pointer
	movl %cr0, %eax
	btsl $CR0_PE, %eax
	movl %eax, %cr0
	ljmpl $CODE32, $LOAD_ADDRESS

gdt_pointer:
	.word gdt_end - gdt - 1
	.long LOADED(gdt)

version:
	.asciz "1 tsvmm bench guest"

	.org PROTECTED
	.code32
protected:
	movl $DATA, %eax
	movl %eax, %ds
	movl %eax, %es
	movl %eax, %ss
	lgdtl LOADED(own_gdt_pointer)
	movl $LOADED(pml4), %eax
	movl %eax, %cr3
	movl %cr4, %eax
	btsl $CR4_PAE, %eax
	movl %eax, %cr4
	movl $MSR_EFER, %ecx
	rdmsr
	btsl $EFER_LME, %eax
	wrmsr
	movl %cr0, %eax
	btsl $CR0_PG, %eax
	movl %eax, %cr0
	ljmpl $CODE64, $LOADED(long_mode)

own_gdt_pointer:
	.word gdt_end - gdt - 1
	.long LOADED(gdt)

	.balign 8
gdt:
	.quad 0, 0
	.quad 0x00cf9b000000ffff		/* CODE32: flat, 4 GiB */
	.quad 0x00cf93000000ffff		/* DATA: flat, 4 GiB */
	.quad 0x00af9b000000ffff		/* CODE64 */
gdt_end:

	.code64
	.org PROTECTED + 0x200
long_mode:
	movl LOAD_ADDRESS + PAYLOAD_OFFSET + 24, %eax /* e_entry */
	jmp *%rax

/* The first GiB, mapped to itself. */
	.org PROTECTED + 0x1000
pml4:
	.quad LOADED(pdpt) + PRESENT_WRITABLE
	.org PROTECTED + 0x2000
pdpt:
	.quad LOADED(pd) + PRESENT_WRITABLE
	.org PROTECTED + 0x3000
pd:
	.set address, 0
	.rept 512
	.quad address + LARGE_PAGE + PRESENT_WRITABLE
	.set address, address + 0x200000
	.endr
	.org PROTECTED + PAYLOAD_OFFSET
