/*
 * Entered at CPL 0 in 64-bit mode with the address of boot_params in RSI; leaves for main at CPL 3 with IOPL 3, where code
 * runs at the processor's speed on every host, and never comes back. There is no IDT and no TSS: nothing interrupts, and an
 * exception is a triple fault, which ends the machine.
 */
#define KERNEL_CODE 0x08
#define USER_DATA (0x10 | 3)
#define USER_CODE (0x18 | 3)
/* Bit 1 always reads one; IOPL 3, interrupts off. */
#define FLAGS 0x3002
#define STACK_BYTES 16384

	.text
	.globl start
start:
	cli
	cld
	movq %rsi, %rbx
	movl $bss_start, %edi
	movl $bss_end, %ecx
	subl %edi, %ecx
	shrl $3, %ecx
	xorl %eax, %eax
	rep stosq
	movl $stack_end, %esp
	call map_memory
	movq %rax, %cr3
	lgdt gdt_pointer
	movq %rbx, %rdi
	pushq $USER_DATA
	pushq $stack_end - 8
	pushq $FLAGS
	pushq $USER_CODE
	pushq $main
	iretq

	.section .rodata
	.balign 8
gdt:
	.quad 0
	.quad 0x00af9b000000ffff		/* KERNEL_CODE */
	.quad 0x00cff3000000ffff		/* USER_DATA */
	.quad 0x00affb000000ffff		/* USER_CODE: 64 bit */
gdt_pointer:
	.word gdt_pointer - gdt - 1
	.quad gdt

	.bss
	.balign 16
	.skip STACK_BYTES
stack_end:

	.section .note.GNU-stack, "", @progbits
